-- What the database itself refuses, whoever writes: as in triggers.sql, and who may enter under whose name.
-- A message is a code. Nothing here holds against the owner of the database, seals do. Names are qualified: nobody's own
-- search_path counts. ALWAYS: a session that plays a replica is asked too.

-- Locks and their order stand in storage/postgres_statements.py; 1396854324 is the number there.
CREATE FUNCTION event_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    PERFORM pg_advisory_xact_lock(1396854324, 3);
    SELECT seq, hash INTO last FROM siban.event ORDER BY seq DESC LIMIT 1;
    IF NOT FOUND THEN
        IF NEW.seq <> 1 OR NEW.prev <> repeat('0', 64) THEN
            RAISE EXCEPTION 'event_does_not_follow' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSIF NEW.seq <> last.seq + 1 OR NEW.prev <> last.hash THEN
        RAISE EXCEPTION 'event_does_not_follow' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    NEW.account := session_user;
    IF NEW.enterer <> 'system' AND NEW.enterer <> 'db:' || session_user
        AND NOT EXISTS (SELECT 1 FROM siban.account WHERE person = NEW.enterer AND login = session_user)
        AND NOT EXISTS (SELECT 1 FROM siban.meta WHERE name = 'trial' AND value = '1')
    THEN
        RAISE EXCEPTION 'entry_of_another' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER event_follows BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION event_follows();

CREATE FUNCTION stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER event_stays BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION stays('event_is_append_only');
CREATE TRIGGER event_keeps BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION stays('event_is_append_only');
CREATE TRIGGER rung_stays BEFORE UPDATE OR DELETE ON rung FOR EACH ROW EXECUTE FUNCTION stays('rung_is_a_fact');
CREATE TRIGGER rung_keeps BEFORE TRUNCATE ON rung FOR EACH STATEMENT EXECUTE FUNCTION stays('rung_is_a_fact');
CREATE TRIGGER seal_stays BEFORE UPDATE OR DELETE ON seal FOR EACH ROW EXECUTE FUNCTION stays('seal_is_kept');
CREATE TRIGGER seal_keeps BEFORE TRUNCATE ON seal FOR EACH STATEMENT EXECUTE FUNCTION stays('seal_is_kept');

-- Every event names the hashes of the policy it acted under: its text must still be there, as it was.
CREATE TRIGGER policy_stays BEFORE UPDATE OF seq, kind, name, hash, text ON policy
    FOR EACH ROW EXECUTE FUNCTION stays('policy_is_kept');
CREATE TRIGGER policy_keeps BEFORE DELETE ON policy FOR EACH ROW EXECUTE FUNCTION stays('policy_is_kept');
CREATE TRIGGER policy_lasts BEFORE TRUNCATE ON policy FOR EACH STATEMENT EXECUTE FUNCTION stays('policy_is_kept');

-- Seals come one after another and stay.
CREATE FUNCTION seal_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number <> (SELECT count(*) + 1 FROM siban.seal) THEN
        RAISE EXCEPTION 'seal_does_not_follow' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER seal_follows BEFORE INSERT ON seal FOR EACH ROW EXECUTE FUNCTION seal_follows();

-- Which account is whose follows from the organisation in force, and from nothing else: nobody may write it directly.
CREATE FUNCTION accounts_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = siban, pg_temp AS $$
BEGIN
    IF NEW.kind = 'organisation' AND NEW.current = 1 THEN
        DELETE FROM siban.account;
        INSERT INTO siban.account (person, login)
            SELECT officer ->> 'id', officer ->> 'os_user'
            FROM json_array_elements(NEW.text::json -> 'officers') AS officer
            WHERE coalesce(officer ->> 'os_user', '') <> '';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_follow AFTER INSERT OR UPDATE ON policy FOR EACH ROW EXECUTE FUNCTION accounts_follow();

ALTER TABLE event ENABLE ALWAYS TRIGGER event_follows;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_stays;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_keeps;
ALTER TABLE rung ENABLE ALWAYS TRIGGER rung_stays;
ALTER TABLE rung ENABLE ALWAYS TRIGGER rung_keeps;
ALTER TABLE seal ENABLE ALWAYS TRIGGER seal_stays;
ALTER TABLE seal ENABLE ALWAYS TRIGGER seal_keeps;
ALTER TABLE seal ENABLE ALWAYS TRIGGER seal_follows;
ALTER TABLE policy ENABLE ALWAYS TRIGGER policy_stays;
ALTER TABLE policy ENABLE ALWAYS TRIGGER policy_keeps;
ALTER TABLE policy ENABLE ALWAYS TRIGGER policy_lasts;
ALTER TABLE policy ENABLE ALWAYS TRIGGER accounts_follow;
