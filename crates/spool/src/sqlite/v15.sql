-- Names that every engine takes: `user` is a reserved word of SQL.

ALTER TABLE user RENAME TO account;
ALTER TABLE login RENAME COLUMN user TO account;
ALTER TABLE recovery_code RENAME COLUMN user TO account;
ALTER TABLE device RENAME COLUMN user TO user_name;
