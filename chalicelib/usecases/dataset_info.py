"""The description of the data set, which a process reads at most once a minute."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.dataset_info import DatasetInfo
from chalicelib.domain.errors import InvalidInput, Unavailable
from chalicelib.domain.soap import SoapDescriptor

from .parallel_calls import start
from .ports import Clock, DataBucket

LIFETIME = timedelta(minutes=1)
_LOG = logging.getLogger("dataops")


class DatasetInfoReader:
    """Reads and caches the description of the data set.

    `soap` is the SOAP descriptor if the description does not contain one.

    An invalid `dataset.json` is logged and treated as missing, so that downloads still work;
    `get_valid` reports it.
    """

    def __init__(self, bucket: DataBucket, clock: Clock, soap: SoapDescriptor) -> None:
        self._bucket = bucket
        self._clock = clock
        self._soap = soap
        self._cached: tuple[datetime, DatasetInfo, str | None] | None = None

    def get(self) -> DatasetInfo:
        """Return the description, at most a minute old.

        Unavailable if it was never read and the store does not respond.
        """
        return self._read()[1]

    def get_valid(self) -> DatasetInfo:
        """Return the description.

        Unavailable also if `dataset.json` is invalid, until an operator corrects it.
        """
        _, info, error = self._read()
        if error:
            raise Unavailable(f"invalid description of the data set: {error}")
        return info

    def prefetch(self) -> Callable[[], DatasetInfo]:
        """Start to read the description unless it is cached; return a function that returns it."""
        return self.get if self._is_fresh() else start(self.get).result

    def _is_fresh(self) -> bool:
        return self._cached is not None and self._clock.now() - self._cached[0] < LIFETIME

    def _read(self) -> tuple[datetime, DatasetInfo, str | None]:
        cached = self._cached
        if cached is not None and self._is_fresh():
            return cached
        now = self._clock.now()
        try:
            info, error = self._bucket.read_dataset_info() or DatasetInfo(), None
        except InvalidInput as invalid:
            info, error = DatasetInfo(), str(invalid)
            _LOG.warning("ignoring the invalid description of the data set: %s", error)
        except Unavailable:
            if cached is None:
                raise
            return cached
        self._cached = (now, replace(info, soap=info.soap or self._soap), error)
        return self._cached
