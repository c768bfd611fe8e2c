"""The Autobahn testsuite, from the folder its packages are installed in (Python 2.7).

    wstest.py PACKAGES --ids        prints the ids of all cases as JSON
    wstest.py PACKAGES OPTION ...   is its command `wstest`
"""
import json
import site
import sys

packages = sys.argv.pop(1)
# First of all paths: an interpreter may bring packages of the same names.
sys.path.insert(0, packages)
# Reads .pth files, by which zope is a namespace.
site.addsitedir(packages)


def print_ids():
    from autobahntestsuite.case import CaseBasename, Cases

    names = [case.__name__[len(CaseBasename):] for case in Cases]
    print(json.dumps([name.replace("_", ".") for name in names]))


def run():
    from autobahntestsuite import fuzzing, wstest

    listen = fuzzing.listenWS

    def listen_locally(factory, context):
        """The suite would listen on all interfaces. With port 0 somebody has to say which one it got."""
        port = listen(factory, context, interface="127.0.0.1")
        print("Listening on port %d" % port.getHost().port)

    fuzzing.listenWS = listen_locally
    wstest.run()


if sys.argv[1:] == ["--ids"]:
    print_ids()
else:
    run()
