"""Where GPU questions run: a card that was tried, or the processor of a rehearsal, and what holds there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from grader.allowance import Allowance, TookTooLong
from grader.cards import PEAKS, Card, NoCard, Peak, card_with, cards, processor_peak
from grader.connection import Died, Worker, call_id
from grader.faults import GraderFault, NotRunHere
from grader.text import one_line
from grader.worker import codec, messages
from grader.worker.wire import WireError

TRY_SECONDS = 120.0  # for a first use of a device: the driver, the libraries, the kernels
# A process of a run that ends gives its memory back at once, or within a moment; a display takes a few MiB.
LEFT_BYTES = 64 << 20
LEAVE_SECONDS = 10.0
POLL_SECONDS = 0.2
NO_GPU = "needs a GPU"
REHEARSED = "rehearsed on the CPU at toy size: no points"


@dataclass(frozen=True)
class Site:
    """Where a GPU question runs.

    :param device: what torch calls it.
    :param name: of the card, as the driver prints it.
    :param card: as it was before anything of this test was on it; None in a rehearsal.
    """

    device: Literal["cuda", "cpu"]
    name: str
    peak: Peak
    card: Card | None = None
    look: Callable[[str], Card] = field(default=card_with)

    @property
    def rehearsal(self) -> bool:
        """Whether it is a processor, where no time says anything."""
        return self.card is None

    @property
    def memory_bytes(self) -> int | None:
        """Of the device; None in a rehearsal."""
        return self.card.total_bytes if self.card else None

    def roomy(self, wanted: int) -> None:
        """
        :raises NotRunHere: less memory of the device is free than is needed; somebody else uses it.
        """
        if self.card is None:
            return
        free = self._now().free_bytes
        if free < wanted:
            raise NotRunHere(
                f"{self.name} has {free >> 20:,} MiB free and {wanted >> 20:,} MiB are needed: it is in use"
            )

    def settled(self) -> None:
        """Wait until the memory of the processes that were ended is given back.

        :raises GraderFault: it is not: a process stayed behind, or somebody else began to use the device.
        """
        if self.card is None:
            return
        stop = time.monotonic() + LEAVE_SECONDS
        while (taken := self._now().used_bytes - self.card.used_bytes) > LEFT_BYTES:
            if time.monotonic() > stop:
                raise GraderFault(
                    f"{taken >> 20:,} MiB of {self.name} are still taken after the processes of the run have "
                    "ended: one has stayed behind, or somebody else uses it"
                )
            time.sleep(POLL_SECONDS)

    def _now(self) -> Card:
        assert self.card is not None
        try:
            return self.look(self.card.uuid)
        except NoCard as error:
            raise GraderFault(f"the GPU was lost: {error}") from None


def rehearsal() -> Site:
    """The processor of this machine."""
    return Site("cpu", "this machine's processor", processor_peak())


def first_card() -> Card:
    """The GPU that a run takes: the first that this process may use.

    :raises NotRunHere: there is none.
    """
    try:
        return cards()[0]
    except NoCard as error:
        raise NotRunHere(f"{NO_GPU}: {one_line(str(error))}") from None


def card_now(card: Card) -> Card:
    """The same card as it is now: while somebody waited for it, another run may have been on it.

    :raises NotRunHere: it is gone.
    """
    try:
        return card_with(card.uuid)
    except NoCard as error:
        raise NotRunHere(f"{NO_GPU}: {one_line(str(error))}") from None


def site_of(card: Card, start: Callable[[str], Worker]) -> Site:
    """A card as a place to run on, once a worker of ours has computed something there.

    :param card: whose lock this run holds.
    :param start: a worker that may use the GPU with this UUID, confined like those of a submission.
    :raises NotRunHere: it cannot be used from a worker, or nobody knows what such a card can do.
    :raises GraderFault: the worker did not start.
    """
    worker = start(card.uuid)
    try:
        reply, _ = worker.request(messages.TryDevice(call_id()), [], Allowance(None, TRY_SECONDS))
    except (Died, TookTooLong, WireError) as error:
        raise NotRunHere(f"{NO_GPU}: a worker on {card.name} failed: {error}") from None
    finally:
        worker.close()
    why = "it says nothing that can be read"
    if isinstance(reply, messages.Answer) and isinstance(reply.value, codec.List) and reply.value.items:
        why = str(reply.value.items[0])
    if why:
        raise NotRunHere(f"{NO_GPU}: {card.name} cannot be used from a worker: {one_line(why)}")
    if card.name not in PEAKS:
        raise NotRunHere(f"nobody knows what {card.name} can do at most: give its rates in grader/cards.py")
    return Site("cuda", card.name, PEAKS[card.name], card)
