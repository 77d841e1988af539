"""The options that a row which asks a service takes, whatever it asks for."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from textsketch.options import Options, option
from textsketch.service import settings
from textsketch.service.settings import VARIABLES, Service


@dataclass(frozen=True)
class ServiceOptions(Options):
    """Which service is asked. Fields are settings by their names; those not set here are read from the settings.

    None of them is offered on the page: a visitor may choose neither address nor model.
    """

    api_base: str | None = option(
        None, f"address of an API such as https://host/v1, instead of {VARIABLES['api_base']}", offered=False
    )

    @property
    def service(self) -> Service:
        """The service that is meant. Raises ServiceError."""
        return settings.service(**asdict(self))
