# SPDX-License-Identifier: GPL-2.0
"""Pictures of what a user sees, by a browser without a screen that is told what to do over its DevTools protocol."""
import base64
import json
import os
import signal
import subprocess
import time
import urllib.request

import home
import lab
from websocket import WebSocket

PORT = 9222
SIZE = 1280, 1000


class Browser:
    def __init__(self, place):
        self.log = open(os.path.join(place.share, "browser.log"), "w")
        # It knows the time of day that Home Assistant has: the Energy dashboard shows today.
        env = {"LD_PRELOAD": "/srv/share/shift.so", "SHIFT": os.environ["SHIFT"], "TZ": "Europe/Oslo", "HOME": "/tmp"}
        self.proc = subprocess.Popen(place.argv("chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
                                                "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
                                                "--user-data-dir=/tmp/browser", "--window-size=%d,%d" % SIZE,
                                                "--remote-debugging-port=%d" % PORT, "--remote-allow-origins=*",
                                                "about:blank", env=env),
                                     stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
                                     start_new_session=True)
        self.pages = lab.wait_for(self.find_pages, 60, 0.5, why="the browser does not answer: see browser.log")
        self.ws = WebSocket(PORT, self.pages[0]["webSocketDebuggerUrl"].split(str(PORT), 1)[1])
        self.id = 0
        # Without a network a page believes that there is no use in asking.
        self.tell("Page.enable")
        self.tell("Page.addScriptToEvaluateOnNewDocument",
                  source="Object.defineProperty(navigator, 'onLine', {get: () => true})")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.ws.__exit__()
        os.killpg(self.proc.pid, signal.SIGKILL)
        self.proc.wait()
        self.log.close()

    def find_pages(self):
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/json" % PORT, timeout=5) as r:
                return [p for p in json.loads(r.read()) if p["type"] == "page"]
        except (OSError, ValueError):
            return []

    def tell(self, method, **params):
        self.id += 1
        self.ws.send({"id": self.id, "method": method, "params": params})
        while True:
            answer = self.ws.receive()
            if answer.get("id") == self.id:
                return answer.get("result", answer)

    def text(self):
        """All that can be read on the page, also in the shadows of its elements."""
        script = """(function all(node) {
            let text = "";
            for (const child of node.childNodes) {
                if (child.nodeType == Node.TEXT_NODE)
                    text += child.data + " ";
                if (child.shadowRoot)
                    text += all(child.shadowRoot);
                text += all(child);
            }
            return text;
        })(document.body)"""
        return self.tell("Runtime.evaluate", expression=script)["result"].get("value", "")

    def picture(self, path, words, to):
        """Of a page of Home Assistant, when all these words are on it."""
        self.tell("Page.navigate", url=home.URL + path)
        lab.wait_for(lambda: all(w in self.text() for w in words), 120, 1,
                     why=lambda: "%s: not all of %r in:\n%s" % (path, words, self.text()[-3000:]))
        time.sleep(5)       # curves are drawn later than words
        data = base64.b64decode(self.tell("Page.captureScreenshot", format="png")["data"])
        with open(to, "wb") as f:
            f.write(data)


def take(ha, place, meter):
    """The page of a meter and the Energy dashboard, as PNG in the shared folder."""
    entity = "sensor.amshan_%s_active_energy_" % meter
    ha.ask("energy/save_prefs", energy_sources=[{
        "type": "grid", "cost_adjustment_day": 0,
        "flow_from": [{"stat_energy_from": entity + "import_live", "stat_cost": None, "entity_energy_price": None,
                       "number_energy_price": None}],
        "flow_to": [{"stat_energy_to": entity + "export_live", "stat_compensation": None, "entity_energy_price": None,
                     "number_energy_price": None}]}])
    device = ha.devices()["amshan_" + meter]["id"]
    with Browser(place) as browser:
        browser.picture("/config/devices/device/" + device, ("Power import", "Energy import", "Register import", "kWh"),
                        os.path.join(place.share, "device.png"))
        browser.picture("/energy", ("Energy distribution", "kWh"), os.path.join(place.share, "energy.png"))
