"""The whole pipeline file."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from tidegauge.spec.models.alerts import Alert
from tidegauge.spec.models.anomalies import Anomaly
from tidegauge.spec.models.filetests import FileTest
from tidegauge.spec.models.forecasts import Forecast, Prediction
from tidegauge.spec.models.outputs import Dashboard, DeadLetters, Output
from tidegauge.spec.models.patterns import Pattern
from tidegauge.spec.models.sources import Source
from tidegauge.spec.models.tables import Table
from tidegauge.spec.models.values import Model, Name, PipelineName, Whole, no_bool, zone
from tidegauge.spec.models.windows import Window


class State(Model):
    """How the state of the flow is laid out."""

    key_groups: Whole = Field(4, ge=1, le=16, description="Fixed when the state is first made.")


class Pipeline(Model):
    """One pipeline file."""

    version: Annotated[Literal[1], BeforeValidator(no_bool)] = Field(
        description="Version of this format."
    )
    pipeline: PipelineName = Field(description="Name of the pipeline.")
    description: str = Field("", description="What the pipeline is for.")
    labels: dict[Name, str] = Field(
        default_factory=dict, description="Tags that every record carries."
    )
    timezone: Annotated[str, AfterValidator(zone)] = Field(
        "UTC", description="Time zone of event times that name none, and of calendar days."
    )
    sources: dict[Name, Source] = Field(description="Streams of events, by name.")
    tables: dict[Name, Table] = Field(
        default_factory=dict, description="Tables that events are enriched from, by name."
    )
    windows: dict[Name, Window] = Field(default_factory=dict, description="Windows, by name.")
    anomalies: dict[Name, Anomaly] = Field(
        default_factory=dict, description="Anomalies to look for, by name."
    )
    patterns: dict[Name, Pattern] = Field(
        default_factory=dict, description="Sequences of events to look for, by name."
    )
    forecasts: dict[Name, Forecast] = Field(
        default_factory=dict, description="What fields of windows will probably be, by name."
    )
    predictions: dict[Name, Prediction] = Field(
        default_factory=dict, description="What models of your own say of windows, by name."
    )
    alerts: dict[Name, Alert] = Field(default_factory=dict, description="Alerts, by name.")
    output: Output = Field(default_factory=Output, description="Where records go.")
    dead_letters: DeadLetters = Field(
        default_factory=DeadLetters, description="How many dead letters stop the flow."
    )
    dashboard: Dashboard = Field(default_factory=Dashboard, description="How live charts are.")
    state: State = Field(default_factory=State, description="How state is laid out.")
    tests: list[FileTest] = Field(default_factory=list, description="What `tidegauge test` checks.")

    @property
    def outputs_topic(self) -> str:
        """Topic where an exactly-once output notes where it began."""
        return f"{self.pipeline}-outputs"

    @property
    def dead_letter_topic(self) -> str:
        """Topic that refused records go to."""
        return f"{self.pipeline}-dead-letters"

    @property
    def handled_topic(self) -> str:
        """Topic that says which dead letters were sent again or given up."""
        return f"{self.pipeline}-dead-letters-handled"

    @property
    def journal_topic(self) -> str:
        """Topic of what is not in the data and still decides results (`tidegauge.journal`)."""
        return f"{self.pipeline}-journal"
