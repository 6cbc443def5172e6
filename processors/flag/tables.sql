CREATE TABLE IF NOT EXISTS flag_story (
    story_id TEXT PRIMARY KEY, version INTEGER NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS flag_fired (
    watch TEXT NOT NULL, story_id TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
    flag_id TEXT NOT NULL, times INTEGER NOT NULL, active INTEGER NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (story_id, watch, kind, value, flag_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS flag_fired_id ON flag_fired (flag_id);
CREATE TABLE IF NOT EXISTS flag_source (
    story_id TEXT NOT NULL, article_id TEXT NOT NULL, watch TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
    at REAL, draft TEXT,
    PRIMARY KEY (story_id, article_id, watch, kind, value)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS flag_late (article_id TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS flag_mark (
    article_id TEXT PRIMARY KEY, story_id TEXT NOT NULL, version INTEGER NOT NULL, model TEXT NOT NULL,
    removed INTEGER NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS flag_alias (ended TEXT PRIMARY KEY, story_id TEXT NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS flag_entry (
    watch TEXT NOT NULL, flag_id TEXT NOT NULL, at REAL NOT NULL, flag TEXT NOT NULL, PRIMARY KEY (watch, flag_id)
) WITHOUT ROWID;
