"""BuildKit's messages as classes, `buildkit.Packet` and so on: made from buildkit.proto as it stands."""

import re
from pathlib import Path
from types import SimpleNamespace

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClassesForFiles

PROTO = Path(__file__).with_name("buildkit.proto")


def described(text: str) -> FileDescriptorProto:
    """What the messages of a .proto file look like: plain fields and messages, no nesting, no options."""
    file = FileDescriptorProto(name=PROTO.name, syntax="proto3")
    for name, body in re.findall(r"^message (\w+) \{(.*?)^\}", text, re.DOTALL | re.MULTILINE):
        message = file.message_type.add(name=name)
        for repeated, kind, field, number in re.findall(r"(repeated )?(\w+) (\w+) = (\d+);", body):
            label = Field.LABEL_REPEATED if repeated else Field.LABEL_OPTIONAL
            added = message.field.add(name=field, number=int(number), label=label)
            if kind[0].isupper():
                added.type_name = f".{kind}"
            else:
                added.type = Field.Type.Value(f"TYPE_{kind.upper()}")
    return file


pool = DescriptorPool()
pool.AddSerializedFile(described(PROTO.read_text()).SerializeToString())
buildkit = SimpleNamespace(**GetMessageClassesForFiles([PROTO.name], pool))
