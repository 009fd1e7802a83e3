"""The migrations that come with this build, as Alembic reads them."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs
from alembic.config import Config
from alembic.script import Script, ScriptDirectory

PACKAGE = "equeue.migrations"


@attrs.frozen
class Revisions:
    """The linear history of the schema; `also` are folders with further revisions."""

    also: tuple[Path, ...] = ()

    def config(self, **attributes: Any) -> Config:
        """Return what Alembic needs to know; `attributes` are for `env.py` (`connection`) or a script's output."""
        home = Path(str(files(PACKAGE)))
        config = Config(output_buffer=attributes.pop("output_buffer", None))
        config.set_main_option("script_location", _plain(home))
        config.set_main_option("path_separator", "os")
        config.set_main_option("version_locations", os.pathsep.join(map(_plain, (home / "versions", *self.also))))
        config.attributes.update(attributes)
        return config

    @property
    def head(self) -> str:
        """Return the newest revision."""
        return str(self._directory().get_current_head())

    def after(self, current: str | None) -> tuple[Script, ...]:
        """Return what a database at `current` lacks, oldest first; nothing if it is further than this build."""
        scripts = reversed(list(self._directory().walk_revisions()))
        return tuple(script for script in scripts if current is None or script.revision > current)

    def name(self, script: Script) -> str:
        """Return a revision's file name without its ending, such as `0001_expand_foundation`."""
        return Path(script.path).stem

    def _directory(self) -> ScriptDirectory:
        return ScriptDirectory.from_config(self.config())


def _plain(path: Path) -> str:
    return str(path).replace("%", "%%")
