"""Who is told."""

from grafana.formats.contact_points import (
    ContactPoint,
    ContactPointFile,
    Email,
    EmailSettings,
    Webhook,
    WebhookSettings,
)

NAME = "tidegauge"
ADDRESSES = "$ALERT_EMAIL"
WEBHOOK = "$ALERT_WEBHOOK_URL"


def contact_point_file(*, webhook: bool) -> ContactPointFile:
    """Mail to the addresses in Grafana's environment; with `webhook` also a request.

    Grafana does not start with a contact point whose variable is not set.
    """
    mail = EmailSettings(addresses=ADDRESSES, single_email=True)
    receivers: list[Email | Webhook] = [
        Email(uid="tidegauge-email", type="email", settings=mail, disable_resolve_message=False)
    ]
    if webhook:
        request = WebhookSettings(url=WEBHOOK, http_method="POST")
        receivers.append(
            Webhook(
                uid="tidegauge-webhook",
                type="webhook",
                settings=request,
                disable_resolve_message=False,
            )
        )
    return ContactPointFile(contact_points=[ContactPoint(org_id=1, name=NAME, receivers=receivers)])
