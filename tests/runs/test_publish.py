"""A publication, parts of which are made by other processes, that may die."""

import os
import signal

import pytest

from pipelines.runs.publish import two_processes


def test_a_process_that_dies_is_an_error_of_what_it_made():
    with two_processes() as pool:
        died = pool.submit(os._exit, 1)
        assert died.exception() is not None


def test_an_interruption_does_not_wait_for_what_is_being_made():
    with pytest.raises(KeyboardInterrupt), two_processes() as pool:
        made = pool.submit(signal.pause)
        raise KeyboardInterrupt
    assert made.done()
