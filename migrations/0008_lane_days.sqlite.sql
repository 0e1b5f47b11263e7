-- What counts on the two days before a lane's day: a clock that is set back to one of them counts on from there.
ALTER TABLE lane ADD COLUMN used_1_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lane ADD COLUMN used_2_before INTEGER NOT NULL DEFAULT 0;
