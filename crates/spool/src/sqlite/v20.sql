-- How a device that was added is asked for pictures: the address of its web server, and a login there. NULL: it is not.
ALTER TABLE device ADD COLUMN camera_url TEXT;
ALTER TABLE device ADD COLUMN camera_user TEXT;
ALTER TABLE device ADD COLUMN camera_password TEXT;
