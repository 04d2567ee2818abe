"""`python -m app` serves; `python -m app --reload` starts anew whenever a file of app/ changes."""

import sys

import uvicorn
from uvicorn.supervisors import ChangeReload, Multiprocess

from . import logs, settings


def main() -> None:
    try:
        chosen = settings.read()
    except settings.SettingsError as error:
        sys.exit(str(error))
    reload = "--reload" in sys.argv[1:]
    # On SIGTERM it stops accepting, closes connections without a request, and finishes the others.
    config = uvicorn.Config(
        "app.main:create",
        factory=True,
        host="0.0.0.0",
        port=chosen.port,
        workers=1 if reload else chosen.workers,
        reload=reload,
        reload_dirs=["app"] if reload else None,
        log_config=logs.config(chosen.log_level),
        access_log=False,
        # Longer than the proxy keeps a connection without a request: else it closes one just when a request is on its way.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=chosen.stop_grace,
        server_header=False,
    )
    server = uvicorn.Server(config)
    if reload:
        ChangeReload(config, target=server.run, sockets=[config.bind_socket()]).run()
    elif chosen.workers > 1:
        Workers(config, sockets=[config.bind_socket()]).run()
    else:
        server.run()


class Workers(Multiprocess):
    """Several processes that accept from one socket."""

    def terminate_all(self) -> None:
        super().terminate_all()
        # The parent has the socket too: as long as one process has it, connections are accepted that nobody answers.
        for socket in self.sockets:
            socket.close()


if __name__ == "__main__":
    main()
