from app.readiness import MIGRATIONS, behind


def test_is_ready_at_the_head_and_at_a_revision_of_a_later_version():
    assert behind(MIGRATIONS.get_current_head()) is None
    assert behind("of a later version") is None


def test_is_behind_at_an_earlier_revision_and_at_none():
    head = MIGRATIONS.get_current_head()
    for revision in ("0001", None):
        assert behind(revision) == (
            f"the database is at migration {revision or 'none'}, and this version needs {head}: `alembic upgrade head`"
        )
