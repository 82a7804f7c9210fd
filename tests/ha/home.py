# SPDX-License-Identifier: GPL-2.0
"""A real Home Assistant, set up without hands, and asked as its own user interface asks it."""
import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request

import lab
from place import PYTHON
from websocket import WebSocket

PORT = 8123
URL = "http://127.0.0.1:%d" % PORT
CLIENT = URL + "/"
USER = {"name": "Test", "username": "test", "password": "test-only"}

# No default_config: it looks for devices that are not there.  The browser comes in without a password.
CONFIGURATION = """
homeassistant:
  name: Home
  time_zone: %s
  unit_system: metric
  currency: EUR
  country: "NO"
  latitude: 59.9
  longitude: 10.7
  elevation: 10
  auth_providers:
    - type: trusted_networks
      trusted_networks: [127.0.0.1]
      allow_bypass_login: true
    - type: homeassistant
http:
  server_host: 127.0.0.1
frontend:
config:
history:
energy:
recorder:
  commit_interval: 1
logger:
  default: warning
"""


class Home:
    """Home Assistant with a configuration folder of its own; it survives stop() and start()."""

    def __init__(self, place, zone):
        self.place = place
        self.folder = os.path.join(place.share, "config")
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        with open(os.path.join(self.folder, "configuration.yaml"), "w") as f:
            f.write(CONFIGURATION % zone)
        # What earlier runs said is not of this one.
        open(self.output_path(), "w").close()
        self.zone = zone
        self.proc = None
        self.token = None
        self.refresh = None

    def start(self):
        env = {"LD_PRELOAD": "/srv/share/shift.so", "SHIFT": os.environ.get("SHIFT", "0")}
        env.update(TZ=self.zone, HOME="/srv/share")
        self.output = open(self.output_path(), "a")
        self.proc = subprocess.Popen(self.place.argv(PYTHON, "-m", "homeassistant", "--config", "/srv/share/config",
                                                     "--skip-pip", env=env),
                                     stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT,
                                     start_new_session=True)
        lab.wait_for(self.answers, 120, 0.2, why=self.said)
        if not self.token:
            self.onboard()
        self.log_in()
        lab.wait_for(lambda: self.ask("get_config")["state"] == "RUNNING", 120, 0.2, why=self.said)

    def stop(self):
        """As by a service manager: it writes its states down."""
        if not self.proc:
            return
        for pid in self.children():
            os.kill(pid, signal.SIGTERM)
        try:
            self.proc.wait(60)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        self.proc = None
        self.output.close()

    def children(self):
        """Its Python: unshare only waits for it.  Ours alone: others may run on this machine."""
        out = subprocess.run(["pgrep", "-P", str(self.proc.pid)], stdout=subprocess.PIPE, text=True).stdout
        return [int(pid) for pid in out.split()]

    def said(self):
        return "Home Assistant:\n" + self.log()[-4000:]

    def log(self):
        with open(self.output_path(), errors="replace") as f:
            return f.read()

    def output_path(self):
        return os.path.join(self.place.share, "output")

    # ---- how it is asked ----

    def call(self, path, body=None, form=False, token=True):
        data, headers = None, {}
        if body is not None:
            data = ("&".join("%s=%s" % item for item in body.items()) if form else json.dumps(body)).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
        if token and self.token:
            headers["Authorization"] = "Bearer " + self.token
        with urllib.request.urlopen(urllib.request.Request(URL + path, data, headers), timeout=30) as r:
            return json.loads(r.read() or b"null")

    def answers(self):
        try:
            return self.call("/api/onboarding", token=False) is not None
        except urllib.error.HTTPError:
            return True     # onboarded: it has no such view any more
        except (OSError, ValueError):
            return False

    def ask(self, kind, **more):
        """A command of the WebSocket interface."""
        with WebSocket(PORT, "/api/websocket") as ws:
            ws.receive()
            ws.send({"type": "auth", "access_token": self.token})
            answer = ws.receive()
            if answer["type"] != "auth_ok":
                raise AssertionError(answer)
            ws.send(dict(more, id=1, type=kind))
            answer = ws.receive()
        if not answer["success"]:
            raise AssertionError("%s: %s" % (kind, answer["error"]))
        return answer["result"]

    # ---- what a user does once ----

    def onboard(self):
        code = self.call("/api/onboarding/users", dict(USER, client_id=CLIENT, language="en"))["auth_code"]
        got = self.call("/auth/token", {"grant_type": "authorization_code", "code": code, "client_id": CLIENT},
                        form=True)
        self.token, self.refresh = got["access_token"], got["refresh_token"]
        self.call("/api/onboarding/core_config", {})
        self.call("/api/onboarding/analytics", {})
        self.call("/api/onboarding/integration", {"client_id": CLIENT, "redirect_uri": CLIENT})

    def log_in(self):
        got = self.call("/auth/token", {"grant_type": "refresh_token", "refresh_token": self.refresh,
                                        "client_id": CLIENT}, form=True, token=False)
        self.token = got["access_token"]

    def add_mqtt(self, port):
        flow = self.call("/api/config/config_entries/flow", {"handler": "mqtt", "show_advanced_options": False})
        done = self.call("/api/config/config_entries/flow/" + flow["flow_id"], {"broker": "127.0.0.1", "port": port})
        if done.get("type") != "create_entry":
            raise AssertionError(done)

    # ---- what it knows ----

    def states(self):
        return {s["entity_id"]: s for s in self.call("/api/states")}

    def state(self, entity):
        return self.states().get(entity, {}).get("state")

    def entities(self):
        return {e["entity_id"]: e for e in self.ask("config/entity_registry/list") if e["platform"] == "mqtt"}

    def devices(self):
        return {next(iter(d["identifiers"]))[1]: d for d in self.ask("config/device_registry/list")
                if any(i[0] == "mqtt" for i in d["identifiers"])}

    def statistics(self, begin, entity, period):
        """[(begin in seconds, change)] since a time in seconds."""
        iso = subprocess.run(["date", "-u", "-d", "@%d" % begin, "+%Y-%m-%dT%H:%M:%SZ"], stdout=subprocess.PIPE,
                             text=True, env={"PATH": os.environ["PATH"]}).stdout.strip()
        rows = self.ask("recorder/statistics_during_period", start_time=iso, statistic_ids=[entity], period=period,
                        types=["change"])
        return [(row["start"] / 1000, row["change"]) for row in rows.get(entity, [])]
