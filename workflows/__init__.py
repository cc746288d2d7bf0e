"""Policy: what an office decided, as data (definitions, working calendars, all Chinese display text)."""
