"""Calls of Linux: each has its effect, and tells with the kernel's own word why not."""

from __future__ import annotations

import errno
import os
import sys

import pytest

from tests.stories import as_root, run_story
from wsobserve.capture import linux_calls

pytestmark = [
    pytest.mark.build_independent,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="these are calls of Linux"),
]


def test_an_option_nobody_knows_is_refused() -> None:
    with pytest.raises(OSError) as raised:
        linux_calls.prctl(999_999)
    assert raised.value.errno == errno.EINVAL


def test_what_prctl_answers_is_given_back() -> None:
    story = """if 1:
        import json
        from wsobserve.capture.linux_calls import PR_GET_DUMPABLE, PR_SET_DUMPABLE, prctl
        before = prctl(PR_GET_DUMPABLE)
        prctl(PR_SET_DUMPABLE, 0)
        print(json.dumps([before, prctl(PR_GET_DUMPABLE)]))
    """
    assert run_story(story) == [1, 0]


def test_a_file_is_no_namespace() -> None:
    descriptor = os.open("/proc/self/status", os.O_RDONLY)
    try:
        with pytest.raises(OSError) as raised:
            linux_calls.enter_namespace(descriptor, linux_calls.CLONE_NEWNET)
    finally:
        os.close(descriptor)
    assert raised.value.errno in (errno.EINVAL, errno.EPERM)


@as_root
def test_capabilities_are_gone() -> None:
    story = """if 1:
        import json
        from wsobserve.capture.capabilities import held_by
        from wsobserve.capture.linux_calls import empty_capabilities
        before = held_by()
        empty_capabilities()
        after = held_by()
        print(json.dumps([before.effective, after.effective, after.permitted, after.inheritable]))
    """
    before, *after = run_story(story)
    assert before > 0
    assert after == [0, 0, 0]


def test_a_filter_decides_about_every_call_that_follows() -> None:
    # Two programs: one allows all (and is counted), one that is none is refused. Needs no privilege after no_new_privs.
    story = """if 1:
        import json, struct
        from wsobserve.capture.capabilities import held_by
        from wsobserve.capture.linux_calls import PR_SET_NO_NEW_PRIVS, install_seccomp_filter, prctl
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        try:
            install_seccomp_filter(struct.pack("=HBBI", 0xFFFF, 0, 0, 0))
        except OSError as error:
            refused = error.errno
        before = held_by().seccomp_filter
        install_seccomp_filter(struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000))
        print(json.dumps([refused, before, held_by().seccomp_filter]))
    """
    assert run_story(story) == [errno.EINVAL, False, True]
