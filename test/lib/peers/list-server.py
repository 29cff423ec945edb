"""A list server in small, on the LMTP server that Mailman 3 uses (aiosmtpd): a post goes to the members under the name of the list."""

import email, smtplib, sys
from email.policy import SMTP
from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP

host, port, out_host, out_port = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
MEMBERS = ["kim@far.example", "sam@far.example"]


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if not address.startswith("friends@"):
            return "550 5.1.1 No such list"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        post = email.message_from_bytes(envelope.original_content, policy=SMTP)
        author = post["From"]
        del post["From"], post["DKIM-Signature"]
        post["From"] = "Friends <friends@lists.example.org>"
        post["Reply-To"] = author
        post["List-Id"] = "<friends.lists.example.org>"
        with smtplib.SMTP(out_host, out_port) as node:
            node.sendmail("friends-bounces@lists.example.org", MEMBERS, post.as_bytes())
        return "250 OK"


class Server(Controller):
    def factory(self):
        return LMTP(self.handler)


server = Server(Handler(), hostname=host, port=port)
server.start()
print("ready", flush=True)
sys.stdin.read()
server.stop()
