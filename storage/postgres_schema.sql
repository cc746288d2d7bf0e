-- Written by `python -m storage.schema`; change storage/schema.py instead.
CREATE TABLE meta (
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE policy (
    seq BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    index_text TEXT COLLATE "C" NOT NULL,
    current INTEGER NOT NULL,
    PRIMARY KEY (seq),
    UNIQUE (kind, hash, name),
    CHECK (length(hash) = 64),
    CHECK (current IN (0, 1))
);
CREATE UNIQUE INDEX policy_one ON policy (kind, name) WHERE current = 1;
CREATE TABLE event (
    seq BIGINT NOT NULL,
    item BIGINT NOT NULL,
    verb TEXT COLLATE "C" NOT NULL,
    result TEXT COLLATE "C" NOT NULL,
    effective_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    decider TEXT COLLATE "C" NOT NULL,
    enterer TEXT COLLATE "C" NOT NULL,
    basis TEXT COLLATE "C" NOT NULL,
    command_id TEXT COLLATE "C" NOT NULL,
    definition TEXT COLLATE "C" NOT NULL,
    calendar TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    prev TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (seq),
    CHECK (seq > 0),
    CHECK (item >= 0),
    CHECK (result = 'done' OR result = 'refused'),
    CHECK (recorded_at > 0),
    CHECK (basis = '' OR json_valid(basis)),
    CHECK (json_valid(body)),
    CHECK (length(prev) = 64),
    CHECK (length(hash) = 64)
);
CREATE INDEX event_command ON event (command_id) WHERE command_id <> '';
CREATE INDEX event_day ON event (recorded_at, decider, enterer);
CREATE INDEX event_item ON event (item, seq);
CREATE INDEX event_verb ON event (verb, seq);
CREATE TABLE item (
    number BIGINT NOT NULL,
    serial TEXT COLLATE "C" NOT NULL,
    workflow TEXT COLLATE "C" NOT NULL,
    definition TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    stage TEXT COLLATE "C" NOT NULL,
    open INTEGER NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    track TEXT COLLATE "C" NOT NULL,
    lead_unit TEXT COLLATE "C" NOT NULL,
    handler TEXT COLLATE "C" NOT NULL,
    related TEXT COLLATE "C" NOT NULL,
    registered_at BIGINT NOT NULL,
    since BIGINT NOT NULL,
    due_at BIGINT,
    done_at BIGINT,
    closed_at BIGINT,
    next_at BIGINT,
    rungs INTEGER NOT NULL,
    version INTEGER NOT NULL,
    last_seq BIGINT NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (serial),
    CHECK (number > 0),
    CHECK (stage = 'intake' OR stage = 'assign' OR stage = 'handle' OR stage = 'verify' OR stage = 'feedback' OR stage = 'closed'),
    CHECK (open IN (0, 1)),
    CHECK (version >= 0),
    CHECK (json_valid(body))
);
CREATE INDEX item_lead ON item (lead_unit);
CREATE INDEX item_next ON item (next_at, number) WHERE next_at IS NOT NULL;
CREATE INDEX item_open ON item (open, state);
CREATE INDEX item_related ON item (related) WHERE related <> '';
CREATE TABLE rung (
    item BIGINT NOT NULL,
    clock TEXT COLLATE "C" NOT NULL,
    cycle INTEGER NOT NULL,
    level INTEGER NOT NULL,
    planned_at BIGINT NOT NULL,
    crossed_at BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (item, clock, cycle, level),
    CHECK (cycle > 0),
    CHECK (level >= 0),
    CHECK (seq > 0)
);
CREATE TABLE notice (
    number BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    item BIGINT NOT NULL,
    receiver TEXT COLLATE "C" NOT NULL,
    verb TEXT COLLATE "C" NOT NULL,
    clock TEXT COLLATE "C" NOT NULL,
    level INTEGER NOT NULL,
    paper TEXT COLLATE "C" NOT NULL,
    release TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    planned_at BIGINT NOT NULL,
    acked_at BIGINT,
    PRIMARY KEY (number),
    CHECK (number > 0),
    CHECK (level >= 0),
    CHECK (release = 'auto' OR release = 'supervisor' OR release = 'leader'),
    CHECK (status = 'sent' OR status = 'draft' OR status = 'released' OR status = 'withheld')
);
CREATE INDEX notice_item ON notice (item);
CREATE INDEX notice_receiver ON notice (receiver, acked_at);
CREATE INDEX notice_released ON notice (number) WHERE status = 'released';
CREATE TABLE delivery (
    notice BIGINT NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    receiver TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    made_at BIGINT NOT NULL,
    tries INTEGER NOT NULL,
    next_at BIGINT,
    carried_at BIGINT,
    error TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (notice, target),
    CHECK (tries >= 0),
    CHECK (next_at IS NULL OR carried_at IS NULL)
);
CREATE INDEX delivery_open ON delivery (notice) WHERE carried_at IS NULL;
CREATE TABLE reporter (
    item BIGINT NOT NULL,
    salt TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    contact TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (item)
);
CREATE TABLE seal (
    number BIGINT NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (number),
    CHECK (number > 0)
);
