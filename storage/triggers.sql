-- What the database itself refuses, whoever writes: accidents and honest bugs. Made anew at the end of every migration.
-- A message is a code; nothing here holds against the owner of the file, seals do.

CREATE TRIGGER event_follows BEFORE INSERT ON event
WHEN (NEW.seq - 1, NEW.prev) IS NOT (SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1)
    AND NOT (
        NEW.seq = 1
        AND NEW.prev = '0000000000000000000000000000000000000000000000000000000000000000'
        AND NOT EXISTS (SELECT 1 FROM event)
    )
BEGIN
    SELECT RAISE(ABORT, 'event_does_not_follow');
END;
CREATE TRIGGER event_stays BEFORE UPDATE ON event
BEGIN
    SELECT RAISE(ABORT, 'event_is_append_only');
END;
CREATE TRIGGER event_keeps BEFORE DELETE ON event
BEGIN
    SELECT RAISE(ABORT, 'event_is_append_only');
END;

-- INSERT OR REPLACE deletes without asking the trigger on DELETE unless recursive_triggers is on: hence a guard on INSERT too.
CREATE TRIGGER rung_comes_once BEFORE INSERT ON rung
WHEN EXISTS (
    SELECT 1 FROM rung WHERE item = NEW.item AND clock = NEW.clock AND cycle = NEW.cycle AND level = NEW.level
)
BEGIN
    SELECT RAISE(ABORT, 'rung_crossed');
END;
CREATE TRIGGER rung_stays BEFORE UPDATE ON rung
BEGIN
    SELECT RAISE(ABORT, 'rung_is_a_fact');
END;
CREATE TRIGGER rung_keeps BEFORE DELETE ON rung
BEGIN
    SELECT RAISE(ABORT, 'rung_is_a_fact');
END;

-- Every event names the hashes of the policy it acted under: its text must still be there, as it was.
CREATE TRIGGER policy_stays BEFORE UPDATE OF seq, kind, name, hash, text ON policy
BEGIN
    SELECT RAISE(ABORT, 'policy_is_kept');
END;
CREATE TRIGGER policy_keeps BEFORE DELETE ON policy
BEGIN
    SELECT RAISE(ABORT, 'policy_is_kept');
END;
-- As above: REPLACE would take away the row it clashes with. Loading a text again updates its row (the text is the same).
CREATE TRIGGER policy_comes_once BEFORE INSERT ON policy
WHEN EXISTS (
    SELECT 1 FROM policy
    WHERE seq = NEW.seq
        OR (kind = NEW.kind AND hash = NEW.hash AND name = NEW.name AND text <> NEW.text)
        OR (kind = NEW.kind AND name = NEW.name AND current = 1 AND NEW.current = 1)
)
BEGIN
    SELECT RAISE(ABORT, 'policy_is_kept');
END;

-- Seals come one after another and stay.
CREATE TRIGGER seal_follows BEFORE INSERT ON seal
WHEN NEW.number IS NOT (SELECT count(*) + 1 FROM seal)
BEGIN
    SELECT RAISE(ABORT, 'seal_does_not_follow');
END;
CREATE TRIGGER seal_stays BEFORE UPDATE ON seal
BEGIN
    SELECT RAISE(ABORT, 'seal_is_kept');
END;
CREATE TRIGGER seal_keeps BEFORE DELETE ON seal
BEGIN
    SELECT RAISE(ABORT, 'seal_is_kept');
END;
