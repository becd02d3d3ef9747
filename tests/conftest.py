import os, threading, uuid
from types import SimpleNamespace
import boto3, pytest
from werkzeug.serving import make_server
from moto.server import DomainDispatcherApplication, create_backend_app
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")

@pytest.fixture(scope="session")
def aws_endpoint():
    lock = threading.Lock(); app = DomainDispatcherApplication(create_backend_app)
    def locked(env, start):
        with lock:
            return list(app(env, start))
    s = make_server("127.0.0.1", 0, locked, threaded=True)
    t = threading.Thread(target=s.serve_forever, daemon=True); t.start()
    yield f"http://127.0.0.1:{s.server_port}"
    s.shutdown()

@pytest.fixture(scope="session")
def aws(aws_endpoint):
    return SimpleNamespace(s3=boto3.client("s3", endpoint_url=aws_endpoint), dynamodb=boto3.client("dynamodb", endpoint_url=aws_endpoint))

@pytest.fixture
def bucket(aws):
    name = f"b-{uuid.uuid4().hex}"; aws.s3.create_bucket(Bucket=name); yield name

@pytest.fixture
def table(aws):
    name = f"t-{uuid.uuid4().hex}"
    aws.dynamodb.create_table(TableName=name,BillingMode='PAY_PER_REQUEST',AttributeDefinitions=[{'AttributeName':'pk','AttributeType':'S'},{'AttributeName':'sk','AttributeType':'S'}],KeySchema=[{'AttributeName':'pk','KeyType':'HASH'},{'AttributeName':'sk','KeyType':'RANGE'}])
    yield name
