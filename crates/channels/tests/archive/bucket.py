"""An S3 service with one bucket that one key may use. Prints its address and the key; then answers
each line of standard input: "list" with what is in the bucket, as JSON. Ends with its input."""

import hashlib
import json
import sys

import boto3
import moto.settings
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://{host}:{port}"


def client(service, key="any", secret="any"):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )


client("s3").create_bucket(Bucket="cameras")
iam = client("iam")
iam.create_user(UserName="tipoff")
policy = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}
iam.put_user_policy(
    UserName="tipoff", PolicyName="cameras", PolicyDocument=json.dumps(policy)
)
key = iam.create_access_key(UserName="tipoff")["AccessKey"]
# From here on every signature and right is checked.
moto.settings.INITIAL_NO_AUTH_ACTION_COUNT = 0

s3 = client("s3", key["AccessKeyId"], key["SecretAccessKey"])


def listing():
    objects = []
    for entry in s3.list_objects_v2(Bucket="cameras").get("Contents", []):
        there = s3.get_object(Bucket="cameras", Key=entry["Key"])
        digest = hashlib.sha256(there["Body"].read()).hexdigest()
        objects.append(
            {
                "key": entry["Key"],
                "sha256": digest,
                "type": there["ContentType"],
                # Of an object that came in parts the tag ends in their number.
                "parts": int(there["ETag"].strip('"').partition("-")[2] or 1),
            }
        )
    uploads = s3.list_multipart_uploads(Bucket="cameras").get("Uploads", [])
    return {"objects": objects, "unfinished": len(uploads)}


def say(value):
    print(json.dumps(value), flush=True)


say(
    {
        "endpoint": endpoint,
        "key": key["AccessKeyId"],
        "secret": key["SecretAccessKey"],
    }
)
for line in sys.stdin:
    if line.strip() == "list":
        say(listing())
