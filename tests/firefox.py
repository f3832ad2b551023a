# SPDX-License-Identifier: Apache-2.0
"""Firefox without a window, driven by its own remote protocol (Marionette): real clicks and keys, no other program.

The protocol: each message is "length:JSON"; a command is [0, id, name, parameters], its answer [1, id, error, result]."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import pytest

SETTINGS = {"marionette.port": 0, "browser.shell.checkDefaultBrowser": False, "datareporting.policy.dataSubmissionEnabled": False,
            "toolkit.telemetry.reportingpolicy.firstRun": False, "browser.aboutwelcome.enabled": False,
            "app.update.enabled": False, "app.normandy.enabled": False, "network.captive-portal-service.enabled": False,
            "network.connectivity-service.enabled": False, "browser.safebrowsing.malware.enabled": False,
            "browser.safebrowsing.phishing.enabled": False, "extensions.update.enabled": False,
            "ui.prefersReducedMotion": 1}
KEYS = {"Escape": "\ue00c", "Enter": "\ue007", "ArrowDown": "\ue015", "ArrowRight": "\ue014"}


def find():
    return os.environ.get("FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")


def need():
    if not find():
        pytest.skip("firefox is not installed")


class Firefox:
    """A process of its own with a profile in `folder`."""

    def __init__(self, folder, width=1200, height=800):
        self.folder, self.number, self.data = pathlib.Path(folder), 0, b""
        (self.folder / "user.js").write_text("".join(f"user_pref({json.dumps(key)}, {json.dumps(value)});\n"
                                                     for key, value in SETTINGS.items()))
        self.process = subprocess.Popen([find(), "--headless", "--marionette", "--no-remote", "--profile", str(folder)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                        env=os.environ | {"HOME": str(folder), "MOZ_HEADLESS_WIDTH": str(width),
                                                          "MOZ_HEADLESS_HEIGHT": str(height)})
        self.socket = self.connect(time.monotonic() + 60)
        self.read()
        self.command("WebDriver:NewSession", capabilities={})
        self.command("WebDriver:SetTimeouts", script=30000)
        self.command("WebDriver:SetWindowRect", width=width, height=height)

    def connect(self, until):
        port = self.folder / "MarionetteActivePort"
        while time.monotonic() < until and self.process.poll() is None:
            if port.exists() and port.read_text().strip():
                return socket.create_connection(("127.0.0.1", int(port.read_text())), 60)
            time.sleep(0.1)
        self.close()
        pytest.fail("firefox did not start")

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def read(self):
        while b":" not in self.data or len(self.data.partition(b":")[2]) < int(self.data.partition(b":")[0]):
            more = self.socket.recv(65536)
            assert more, "firefox hung up"
            self.data += more
        length, _, rest = self.data.partition(b":")
        self.data = rest[int(length):]
        return json.loads(rest[:int(length)])

    def command(self, name, **parameters):
        self.number += 1
        message = json.dumps([0, self.number, name, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(message), message))
        _, number, error, result = self.read()
        assert number == self.number and not error, (name, error)
        return result

    def script(self, body, *arguments):
        """What the body of an asynchronous function returns in the page."""
        result = self.command("WebDriver:ExecuteAsyncScript", args=list(arguments), script=f"""
            const done = arguments[arguments.length - 1], given = [...arguments].slice(0, -1);
            (async (...args) => {{ {body} }})(...given).then((value) => done([value ?? null]), (error) => done([null, String(error)]));""")
        value, *error = result["value"]
        assert not error, error
        return value

    def open(self, path, fragment=""):
        self.command("WebDriver:Navigate", url="about:blank")
        self.command("WebDriver:Navigate", url=f"file://{path}{fragment}")
        self.script("while (!window.sonde?.ready) await new Promise((r) => setTimeout(r, 20));")
        self.settle()

    def settle(self, ms=120):
        self.script(f"await new Promise((r) => setTimeout(r, {ms}));")

    def click(self, x, y):
        point = {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0}
        self.command("WebDriver:PerformActions", actions=[{"type": "pointer", "id": "mouse", "actions": [
            point, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]}])
        self.settle()

    def click_on(self, selector):
        self.click(*self.script("const b = document.querySelector(args[0]).getBoundingClientRect(); "
                                "return [b.x + b.width / 2, b.y + b.height / 2];", selector))

    def click_box(self, *names):
        self.click(*self.script("const b = window.sonde.box(args[0]); return [b.x + b.width / 2, b.y + b.height / 2];", names))

    def drag(self, start, end):
        self.command("WebDriver:PerformActions", actions=[{"type": "pointer", "id": "mouse", "actions": [
            {"type": "pointerMove", "x": round(start[0]), "y": round(start[1]), "duration": 0},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerMove", "x": round(end[0]), "y": round(end[1]), "duration": 100},
            {"type": "pointerUp", "button": 0}]}])
        self.settle(250)

    def keys(self, *keys):
        for key in keys:
            value = KEYS.get(key, key)
            self.command("WebDriver:PerformActions", actions=[{"type": "key", "id": "keys", "actions": [
                {"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]}])
        self.settle(250)

    def state(self):
        return self.script("return window.sonde.state();")

    def text(self, selector):
        return self.script("return document.querySelector(args[0]).innerText;", selector)
