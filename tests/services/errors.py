"""Why a server could not be had."""


class ServerUnavailableError(Exception):
    """No server could be had; the message says why and what to do."""
