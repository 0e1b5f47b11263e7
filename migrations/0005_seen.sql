-- Whether a person opened a mail, and clicked in it: machines leave no trace here.
ALTER TABLE touch ADD COLUMN opened INTEGER NOT NULL DEFAULT 0;
ALTER TABLE touch ADD COLUMN clicked INTEGER NOT NULL DEFAULT 0;
