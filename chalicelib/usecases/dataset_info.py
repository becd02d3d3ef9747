"""The description of the data set, read at most once a minute by a process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.dataset_info import DatasetInfo
from chalicelib.domain.errors import InvalidInput, Unavailable
from chalicelib.domain.soap import SoapDescriptor

from .ports import Clock, DataBucket

LIFETIME = timedelta(minutes=1)
_LOG = logging.getLogger("dataops")


class DatasetInfos:
    """Reads the description of the data set. If that does not name its SOAP descriptor, `soap` is it.

    A broken `dataset.json` is logged and counts as missing, so that it stops no download; `checked` reports it.
    """

    def __init__(self, bucket: DataBucket, clock: Clock, soap: SoapDescriptor) -> None:
        self._bucket = bucket
        self._clock = clock
        self._soap = soap
        self._known: tuple[datetime, DatasetInfo, str | None] | None = None

    def current(self) -> DatasetInfo:
        """Return the description of at most a minute ago. Unavailable: the store does not respond, and none was read before."""
        return self._read()[1]

    def checked(self) -> DatasetInfo:
        """Return the same. Unavailable if `dataset.json` is broken, too: an operator has to correct it."""
        _, info, error = self._read()
        if error:
            raise Unavailable(f"the description of the data set cannot be read: {error}")
        return info

    @contextmanager
    def alongside(self) -> Iterator[Callable[[], DatasetInfo]]:
        """Yield what returns the description, and read it meanwhile if it is not known: no further round trip in sequence."""
        if self._fresh():
            yield self.current
            return
        with ThreadPoolExecutor(1, thread_name_prefix="dataset") as pool:
            yield pool.submit(self.current).result

    def _fresh(self) -> bool:
        return self._known is not None and self._clock.now() - self._known[0] < LIFETIME

    def _read(self) -> tuple[datetime, DatasetInfo, str | None]:
        known = self._known
        if known is not None and self._fresh():
            return known
        now = self._clock.now()
        try:
            info, error = self._bucket.dataset_info() or DatasetInfo(), None
        except InvalidInput as invalid:
            info, error = DatasetInfo(), str(invalid)
            _LOG.warning("the description of the data set is ignored: %s", error)
        except Unavailable:
            if known is None:
                raise
            return known
        self._known = (now, replace(info, soap=info.soap or self._soap), error)
        return self._known
