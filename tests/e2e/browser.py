"""A real browser without a window, driven by WebDriver (w3.org/TR/webdriver2): chromedriver of
Debian's chromium-driver."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import time

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # How WebDriver calls the member with its id.


class Browser:
    """One window of a browser that keeps nothing from one use to the next."""

    def __init__(self, language):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        driver = shutil.which("chromedriver")
        if driver is None:
            raise FileNotFoundError("no chromedriver: scripts/install --tests installs Debian's")
        self.driver = subprocess.Popen([driver, f"--port={self.port}"], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        arguments = ["--headless=new", f"--lang={language}", "--disable-gpu",
                     "--disable-dev-shm-usage", "--window-size=390,844"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # Chromium refuses to run as root with it.
        options = {"args": arguments, "prefs": {"intl.accept_languages": language}}
        try:
            session = self.ask("POST", "/session", {
                "capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}, patience_s=30)
        except BaseException:
            self.driver.kill()
            raise
        self.base = f"/session/{session['sessionId']}"

    def ask(self, method, path, body=None, patience_s=0):
        """The value of the answer. Tries again for so long while nobody listens yet."""
        deadline = time.monotonic() + patience_s
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                connection.request(method, path, None if body is None else json.dumps(body),
                                   {"Content-Type": "application/json"})
                response = connection.getresponse()
                value = json.loads(response.read())["value"]
                if response.status != 200:
                    raise RuntimeError(f"{method} {path}: {value.get('message', value)}")
                return value
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            finally:
                connection.close()

    def open(self, address):
        self.ask("POST", self.base + "/url", {"url": address})

    def address(self):
        return self.ask("GET", self.base + "/url")

    def element(self, name):
        found = self.ask("POST", self.base + "/element",
                         {"using": "css selector", "value": "#" + name})
        return f"{self.base}/element/{found[ELEMENT]}"

    def text(self, name):
        """What people see of the element with this id."""
        return self.ask("GET", self.element(name) + "/text")

    def is_shown(self, name):
        return self.ask("GET", self.element(name) + "/displayed")

    def click(self, name):
        self.ask("POST", self.element(name) + "/click", {})

    def wait_for_text(self, name, text, seconds=30):
        deadline = time.monotonic() + seconds
        while True:
            shown = self.text(name)
            if shown == text:
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"#{name} says {shown!r}, not {text!r}")
            time.sleep(0.05)

    def close(self):
        try:
            self.ask("DELETE", self.base)
        finally:
            self.driver.terminate()
            self.driver.wait()
