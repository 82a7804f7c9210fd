# SPDX-License-Identifier: GPL-2.0
"""What kernel and user space share is written down in several places; here they are held together.

The header include/uapi/linux/amshan.h is the contract; the netlink spec, the ABI document, the tables of the module and
of user space, and the man page follow it.
"""
import os
import re
import unittest

import yaml

import lab

SPEC = "kmod/Documentation/netlink/specs/amshan.yaml"
ABI = "kmod/Documentation/ABI/testing/sysfs-class-amshan"
TYPES = {"nested": "nest"}


def read(path):
    with open(os.path.join(lab.TOP, path), encoding="utf-8") as f:
        return f.read()


def enum(header, name):
    """[(constant, value)] of an enum whose values begin at 0, without those for the maximum."""
    body = re.search(r"enum %s \{(.*?)\n\}" % name, header, re.S).group(1)
    names = re.findall(r"^\t(\w+),$", body, re.M)
    return [(n, i) for i, n in enumerate(names) if not n.startswith("__")]


def kernel_doc(header, name):
    """{constant: its text} of the comment before an enum."""
    body = re.search(r"/\*\*\n \* enum %s - (.*?)\*/" % name, header, re.S).group(1)
    items = re.findall(r"^ \* @(\w+): (.*?)(?=^ \* @|^ \*\n|^ $|\Z)", body, re.S | re.M)
    return {n: re.sub(r"\s*\n \*\s+", " ", text).strip() for n, text in items}


def macro_rows(text, name):
    """The rows X(ID, NAME...) of a table."""
    body = re.search(r"#define %s\(X\)((?: .*\\\n|\s*\\\n|\tX.*\\?\n)+)" % name, text).group(1)
    return re.findall(r'X\((\w+), "?(\w+)"?', body)


class Contract(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.header = read("include/uapi/linux/amshan.h")
        cls.spec = yaml.safe_load(read(SPEC))
        cls.counters = [n.removeprefix("AMSHAN_A_STATS_") for n, _ in enum(cls.header, "amshan_stats_attr")][2:]

    def define(self, name):
        return re.search(r"#define %s\s+(\S+)" % name, self.header).group(1).strip('"')

    def test_there_is_something_to_compare(self):
        self.assertEqual((self.counters[0], self.counters[-1]), ("RX_OCTETS", "OVERWRITTEN"))
        self.assertGreater(len(self.counters), 15)

    # ---- the spec ----

    def test_the_family(self):
        self.assertEqual(self.spec["name"], self.define("AMSHAN_GENL_NAME"))
        self.assertEqual(self.spec["protocol"], "genetlink")
        self.assertTrue(os.path.exists(os.path.join(lab.TOP, "include/uapi", self.spec["uapi-header"])))
        # Joining takes a capability.
        self.assertEqual(self.spec["mcast-groups"]["list"],
                         [{"name": self.define("AMSHAN_MCGRP_EVENTS"), "flags": ["admin-perm"]}])

    def test_attributes(self):
        self.assertEqual([s["name"] for s in self.spec["attribute-sets"]], ["port", "stats"])
        for space in self.spec["attribute-sets"]:
            name = space["enum-name"].replace("-", "_")
            texts = kernel_doc(self.header, name)
            wanted = enum(self.header, name)
            self.assertTrue(wanted.pop(0)[0].endswith("_UNSPEC"))
            got = [((space["name-prefix"] + a["name"]).replace("-", "_").upper(), a["value"])
                   for a in space["attributes"]]
            self.assertEqual(got, wanted)
            for (constant, _), attribute in zip(wanted, space["attributes"], strict=True):
                said = re.match(r"(u32|u64|string|nested|padding)\b", texts[constant])
                if constant.endswith("_PAD"):
                    kind = "pad"
                elif space["name"] == "stats":
                    # The comment says it once for all of them.
                    kind = "u64"
                else:
                    kind = TYPES.get(said.group(1), said.group(1))
                self.assertEqual(attribute["type"], kind, constant)
                self.assertEqual("doc" in attribute, kind != "pad", constant)
                self.assertEqual(attribute.get("nested-attributes"), "stats" if kind == "nest" else None)
        self.assertIn("all are u64", self.header)

    def test_operations(self):
        ops = self.spec["operations"]
        got = [((ops["name-prefix"] + o["name"]).replace("-", "_").upper(), o["value"]) for o in ops["list"]]
        self.assertEqual(ops["enum-name"].replace("-", "_"), "amshan_cmd")
        self.assertEqual([("AMSHAN_CMD_UNSPEC", 0), *got], enum(self.header, "amshan_cmd"))
        get, *events = ops["list"]
        every = [a["name"] for a in self.spec["attribute-sets"][0]["attributes"] if a["type"] != "pad"]
        self.assertEqual(get["do"]["request"]["attributes"], ["index"])
        self.assertEqual(get["do"]["reply"]["attributes"], every)
        self.assertEqual(get["dump"], {"reply": get["do"]["reply"]})
        self.assertEqual([o["name"] for o in events], ["port-added", "port-removed"])
        for op in events:
            self.assertEqual((op["notify"], op["mcgrp"]), ("port-get", "events"))

    # ---- the tables ----

    def test_the_table_of_user_space(self):
        self.assertEqual(macro_rows(read("daemon/netlink/ports.h"), "PORT_COUNTERS"),
                         [(c, c.lower()) for c in self.counters])

    def test_the_table_of_the_module(self):
        self.assertEqual(macro_rows(read("kmod/port.h"), "AMSHAN_STATS"), [(c, c.lower()) for c in self.counters])

    # ---- the ABI document ----

    def entries(self):
        blocks = [b for b in read(ABI).split("\n\n") if b.startswith("What:")]
        return [(dict(re.findall(r"^(\w+):\t+(.*)$", b, re.M)), b) for b in blocks]

    def test_entries_are_whole(self):
        text = read(ABI)
        self.assertEqual(len(self.entries()), text.count("What:"))
        for fields, block in self.entries():
            self.assertEqual(list(fields), ["What", "Date", "KernelVersion", "Contact"], block)
            self.assertRegex(block, r"\nDescription:\n\t\t\S", block)
        whats = [fields["What"] for fields, _ in self.entries()]
        self.assertEqual(len(whats), len(set(whats)))

    def test_every_attribute_is_described(self):
        base = "/sys/class/amshan/amshanN"
        single = re.findall(r"^static DEVICE_ATTR_RO\((\w+)\);$", read("kmod/sysfs.c"), re.M)
        self.assertEqual(single, ["tty", "attached"])
        self.assertEqual([fields["What"] for fields, _ in self.entries()],
                         [base, *["%s/%s" % (base, s) for s in single], base + "/statistics",
                          *["%s/statistics/%s" % (base, c.lower()) for c in self.counters]])

    # ---- the man page ----

    def test_the_man_page_names_all(self):
        page = read("man/amshan.4")
        listed = re.findall(r"^\.It Cm (\w+)$", page.split(".Ss Counters")[1].split(".Ss ")[0], re.M)
        self.assertEqual(listed, [c.lower() for c in self.counters])
        record = re.search(r"struct amshan_record \{.*?\};", self.header, re.S).group(0)
        self.assertIn(record, page)
        trace = read("kmod/trace.h")
        events = re.findall(r"TRACE_EVENT\((\w+),", trace)
        self.assertEqual(len(events), 4)
        for event in events:
            self.assertIn("\n.It Cm %s\n" % event, page)
        reasons = re.findall(r'\{ AMSHAN_DROP_\w+, "(\w+)" \}', trace)
        self.assertIn("The reason is one of %s.\n" % ", ".join(reasons), page)


if __name__ == "__main__":
    unittest.main()
