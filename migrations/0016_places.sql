-- Places under a cap whose touch a stop took away while somebody had it in hand.
CREATE INDEX touch_place_left ON touch (id) WHERE reserved_day IS NOT NULL AND token IS NULL;
