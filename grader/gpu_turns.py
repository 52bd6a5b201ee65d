"""Gives GPU tests their place to run, one test at a time on a device, whoever else grades on this machine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from grader import gpu_lock
from grader.connection import Worker
from grader.faults import NotRunHere
from grader.site import Site, card_now, first_card, rehearsal, site_of


class Turns:
    """The turns of one run; which card it takes is found once, and so is that there is none."""

    def __init__(self, *, rehearsal: bool) -> None:
        self.rehearsal = rehearsal
        self._site: Site | None = None
        self._why = ""

    def take(self, turn: ExitStack, start: Callable[[str], Worker]) -> Site:
        """Wait until the device is this run's.

        :param turn: gives it back when it is closed; a process that ends in another way does so too.
        :param start: a worker of ours that may use the GPU with this UUID.
        :raises NotRunHere: no GPU can be used here.
        """
        if self.rehearsal:
            return rehearsal()
        if self._why:
            raise NotRunHere(self._why)
        try:
            card = first_card()
            turn.enter_context(gpu_lock.held(card.uuid))
            card = card_now(card)
            if self._site is None:
                self._site = site_of(card, start)
        except NotRunHere as error:
            self._why = str(error)
            raise
        return replace(self._site, card=card)
