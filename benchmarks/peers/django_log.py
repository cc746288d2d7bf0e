"""Django with django-fsm-2 and django-fsm-log: each act loads the object, fires the transition, which is logged, and saves."""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, models, transaction

from benchmarks.peers.course import LIMIT, MOVES, NOW, STATES, VERBS, given, run


def made(path: str, sync: str) -> tuple[Any, Any, Any]:
    """Set Django up and make the tables; return the models of items and timers, and a user."""
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_fsm", "django_fsm_log"],
        USE_TZ=False,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": path,
                "OPTIONS": {
                    "transaction_mode": "IMMEDIATE",
                    "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={sync};",
                },
            }
        },
    )
    django.setup()
    from django.contrib.auth.models import User  # noqa: PLC0415 - it can be loaded when Django is set up
    from django_fsm import FSMField, transition  # noqa: PLC0415 - as above
    from django_fsm_log.decorators import fsm_log_by  # noqa: PLC0415 - as above

    call_command("migrate", verbosity=0)
    state = FSMField(default=STATES[0])
    body: dict[str, Any] = {
        "__module__": __name__,
        "state": state,
        "title": models.CharField(max_length=50),
        "owner": models.CharField(max_length=50, null=True),
        "version": models.IntegerField(default=0),
        "updated_at": models.BigIntegerField(default=NOW),
        "Meta": type("Meta", (), {"app_label": "bench"}),
    }
    for verb, source, target in MOVES:

        def move(_self: object, by: object = None) -> None:
            pass

        move.__name__ = verb
        body[verb] = fsm_log_by(transition(field=state, source=source, target=target)(move))
    item = type("Item", (models.Model,), body)
    timer = type(
        "Clock",
        (models.Model,),
        {
            "__module__": __name__,
            "item_id": models.BigIntegerField(primary_key=True),
            "due_at": models.BigIntegerField(db_index=True),
            "level": models.IntegerField(default=0),
            "Meta": type("Meta", (), {"app_label": "bench"}),
        },
    )
    with connection.schema_editor() as editor:
        editor.create_model(item)
        editor.create_model(timer)
    return item, timer, User.objects.create(username="o11")


def main() -> None:
    """Take the course."""
    asked = given()
    items, timers, user = made(asked.path, asked.sync)

    def step(number: int, order: int) -> None:
        with transaction.atomic():
            item = items.objects.get(pk=number)
            getattr(item, VERBS[order])(by=user)
            item.owner, item.version, item.updated_at = "o11", item.version + 1, NOW
            item.save()
            if item.state == STATES[-1]:
                timers.objects.filter(pk=number).delete()
            else:
                timers.objects.filter(pk=number).update(due_at=NOW + LIMIT + order, level=0)

    with transaction.atomic():
        for number in range(1, asked.items + 1):
            items.objects.create(id=number, title=f"t{number}")
            timers.objects.create(item_id=number, due_at=NOW + LIMIT)
    run(asked, step)


if __name__ == "__main__":
    main()
