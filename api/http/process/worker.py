"""uvicorn as gunicorn's worker."""

import logging
import os
from typing import Any, ClassVar

from typing_extensions import override
from uvicorn_worker import UvicornWorker  # type: ignore[import-untyped]

from api.http.process.processes import options_from_environment
from api.http.process.server import bounds_of, face_strangers
from api.settings import load_settings


class PlainWorker(UvicornWorker):  # type: ignore[misc]
    """A worker of gunicorn whose answers carry no `Server` header, and that faces strangers.

    What proxies say of their clients is read by the gateway alone, from those that are trusted.
    """

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        **UvicornWorker.CONFIG_KWARGS,
        "server_header": False,
        "proxy_headers": False,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 -- gunicorn's
        super().__init__(*args, **kwargs)
        for name in ("uvicorn.error", "uvicorn.access"):  # JSON Lines, as everything else
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [], True

    @override
    def run(self) -> None:
        options = options_from_environment(load_settings(os.environ))
        face_strangers(self.config, bounds_of(options))
        super().run()
