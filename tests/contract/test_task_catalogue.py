"""What workers said of their tasks, the newest word each."""

from tests.builders import seconds
from tests.contract.world import World

from equeue.application.ports.catalogue import TaskDeclaration
from equeue.domain.retry import Exponential, Fixed

FULL = TaskDeclaration(
    "email.send", "email", 5, Exponential(1.5, 3.0, 60.0, 0.5), seconds(0.25), b'{"type": "object"}', "Sends é 🐘."
)
BARE = TaskDeclaration("a.bare", "default")


async def declare(world: World, *tasks: TaskDeclaration) -> None:
    """Store declarations, and keep it."""
    async with world.units_of_work() as unit:
        await unit.catalogue.declare(tasks)
        await unit.commit()


async def test_a_declaration_comes_back_as_it_was(world: World) -> None:
    """Each asked for by name; names never declared are left out."""
    await declare(world, FULL, BARE)
    async with world.units_of_work() as unit:
        assert await unit.catalogue.find({"email.send", "a.bare", "never"}) == {FULL.id: FULL, BARE.id: BARE}
        assert await unit.catalogue.find({"a.bare"}) == {BARE.id: BARE}
        assert await unit.catalogue.find(()) == {}


async def test_the_newest_declaration_counts(world: World) -> None:
    """Declaring again replaces every part; the last of two in one call wins."""
    await declare(world, FULL, BARE)
    newer = TaskDeclaration("email.send", "mail", None, Fixed(3.0, 0.5))
    await declare(world, FULL, newer)
    async with world.units_of_work() as unit:
        assert list(await unit.catalogue.all()) == [BARE, newer]


async def test_an_empty_catalogue_is_empty(world: World) -> None:
    """Nothing declared, nothing told."""
    await declare(world)
    async with world.units_of_work() as unit:
        assert not await unit.catalogue.all()
