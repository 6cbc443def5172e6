CREATE TABLE IF NOT EXISTS relate_meta (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    newest REAL NOT NULL, started INTEGER NOT NULL, turn INTEGER NOT NULL, documents INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS relate_story (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL, version INTEGER NOT NULL, first REAL NOT NULL, last REAL NOT NULL,
    touched REAL NOT NULL, turn INTEGER NOT NULL, profile TEXT NOT NULL, merged_from TEXT NOT NULL, continues TEXT,
    live INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS relate_story_live ON relate_story (live, turn);
CREATE TABLE IF NOT EXISTS relate_member (
    article_id TEXT PRIMARY KEY, story_id TEXT NOT NULL, version INTEGER NOT NULL, model TEXT NOT NULL, at REAL NOT NULL,
    voice TEXT NOT NULL, duplicate_of TEXT, late INTEGER NOT NULL, withdrawn INTEGER NOT NULL,
    contribution BLOB NOT NULL, place INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS relate_member_story ON relate_member (story_id, place);
CREATE TABLE IF NOT EXISTS relate_fact (article_id TEXT PRIMARY KEY, packed TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS relate_count (term TEXT PRIMARY KEY, stories INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS relate_sketch (
    seq INTEGER PRIMARY KEY, article_id TEXT NOT NULL, sketch BLOB NOT NULL, newest REAL NOT NULL
);
