"""Bodies that mean harm, with the code that refuses each; and payloads that are odd and yet fine."""


def with_payload(payload: bytes) -> bytes:
    """Return the body of a job with this payload."""
    return b'{"task":"a","payload":' + payload + b"}"


def nested(levels: int, inside: bytes = b"") -> bytes:
    """Return a payload nested so deep, itself included."""
    return b'{"x":' + b"[" * (levels - 1) + (inside if levels > 1 else b"1") + b"]" * (levels - 1) + b"}"


HOSTILE = {
    "escaped NUL": (with_payload(rb'{"x":"a\u0000b"}'), "nul-not-allowed"),
    "escaped NUL in a name": (with_payload(rb'{"a\u0000":1}'), "nul-not-allowed"),
    "escaped NUL behind a backslash": (with_payload(rb'{"x":"\\\u0000"}'), "nul-not-allowed"),
    "escaped NUL in the task": (rb'{"task":"a\u0000b"}', "nul-not-allowed"),
    "escaped NUL in a tag": (rb'{"task":"a","tags":["\u0000"]}', "nul-not-allowed"),
    "bare NUL": (with_payload(b'{"x":"\x00"}'), "invalid-json"),
    "NaN": (with_payload(b'{"x":NaN}'), "invalid-json"),
    "Infinity": (with_payload(b'{"x":Infinity}'), "invalid-json"),
    "-Infinity": (with_payload(b'{"x":-Infinity}'), "invalid-json"),
    "1e400": (with_payload(b'{"x":1e400}'), "invalid-json"),
    "131,072 digits": (with_payload(b'{"x":1e131071}'), "invalid-json"),
    "NaN for a time": (b'{"task":"a","timeout_s":NaN}', "invalid-json"),
    "-1e400": (with_payload(b'{"x":[-1e400]}'), "invalid-json"),
    "4,301 digits": (with_payload(b'{"x":' + b"1" * 4_301 + b"}"), "invalid-json"),
    "lone high surrogate": (with_payload(rb'{"x":"\ud800"}'), "invalid-json"),
    "lone high surrogate inside": (with_payload(rb'{"x":"a\ud800b longer text"}'), "invalid-json"),
    "lone low surrogate": (with_payload(rb'{"x":"\udc00"}'), "invalid-json"),
    "lone low surrogate inside": (with_payload(rb'{"x":"a\udfff longer text"}'), "invalid-json"),
    "surrogates in the wrong order": (with_payload(rb'{"x":"\udc00\ud800"}'), "invalid-json"),
    "high surrogate before a letter": (with_payload(rb'{"x":"\ud83d\u0041"}'), "invalid-json"),
    "two high surrogates": (with_payload(rb'{"x":"\ud83d\ud83d"}'), "invalid-json"),
    "surrogate in a name": (with_payload(rb'{"\ud800":1}'), "invalid-json"),
    "surrogate in the task": (rb'{"task":"\ud800"}', "invalid-json"),
    "invalid UTF-8": (with_payload(b'{"x":"\xff"}'), "invalid-json"),
    "invalid UTF-8 in the task": (b'{"task":"\xff"}', "invalid-json"),
    "invalid UTF-8 in an unknown field": (b'{"task":"a","\xff":1}', "invalid-json"),
    "overlong UTF-8": (with_payload(b'{"x":"\xc0\xaf"}'), "invalid-json"),
    "surrogate as UTF-8": (with_payload(b'{"x":"\xed\xa0\x80"}'), "invalid-json"),
    "UTF-16": ('{"task":"a"}'.encode("utf-16"), "invalid-json"),
    "byte order mark": (b'\xef\xbb\xbf{"task":"a"}', "invalid-json"),
    "65 deep": (with_payload(nested(65)), "too-deep"),
    "500 deep": (with_payload(nested(500)), "too-deep"),
    "2,000 deep": (with_payload(nested(2_000)), "too-deep"),
    "100,000 deep": (with_payload(nested(100_000)), "too-deep"),
    "100,000 open": (with_payload(b"[" * 100_000), "too-deep"),
    "100,000 deep in a tag": (b'{"task":"a","tags":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "invalid-body"),
    "100,000 deep in an unknown field": (
        b'{"task":"a","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "invalid-body",
    ),
    "2 MB": (with_payload(b'{"x":"' + b"y" * 2_000_000 + b'"}'), "body-too-large"),
    "empty": (b"", "invalid-json"),
    "white space": (b" \n", "invalid-json"),
    "cut short": (b'{"task":"a","payload":{"x":', "invalid-json"),
    "two documents": (b'{"task":"a"}{"task":"b"}', "invalid-json"),
    "trailing comma": (b'{"task":"a",}', "invalid-json"),
    "comment": (b'{"task":"a"/**/}', "invalid-json"),
    "single quotes": (b"{'task':'a'}", "invalid-json"),
    "1 MB of a name": (b'{"task":"a","%s":1}' % (b"x" * 1_000_000), "invalid-body"),
    "array": (b'[{"task":"a"}]', "invalid-body"),
    "null": (b"null", "invalid-body"),
    "number": (b"1", "invalid-body"),
}

HARMLESS = {
    "64 deep": nested(64, b"1"),
    "64 deep with nothing inside": nested(64),
    "wide": b'{"x":[' + b",".join([b"[]"] * 10_000) + b"]}",
    "brackets in text": b'{"x":"' + b"[{" * 1_000 + b'"}',
    "an escaped backslash before u0000": rb'{"x":"\\u0000"}',
    "surrogate pair": rb'{"x":"\ud83d\ude00"}',
    "emoji": '{"x":"😀"}'.encode(),
    "noncharacter": '{"x":"\uffff"}'.encode(),
    "right to left": '{"x":"\u202e"}'.encode(),
    "25 digits": b'{"x":1234567890123456789012345}',
    "2^64": b'{"x":18446744073709551616}',
    "tiny": b'{"x":1e-400}',
    "duplicate names": b'{"x":1,"x":2}',
    "empty name": b'{"":{}}',
    "proto": b'{"__proto__":{"x":1},"constructor":{}}',
    "spaces": b'{ "x" : [ 1 , 2 ] }',
}
