# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Questions as the agent asks them, about people, banks and cards that do not exist."""

import hashlib
import time

DAY = 86400


def offer(name, **changes):
    now = int(time.time())
    whole = {
        'id': 'offer-' + name,
        'holder': 'Demo holder',
        'issuer': 'Example Staff CA',
        'subject_name': 'CN=Demo holder,OU=Accounts,O=Example Ltd,C=ES',
        'issuer_name': 'CN=Example Staff CA,O=Example Ltd,C=ES',
        'serial': hashlib.sha256(name.encode()).hexdigest()[:32],
        'sha256': hashlib.sha256(b'certificate ' + name.encode()).hexdigest(),
        'key': 'rsa2048',
        'purposes': ['client_auth', 'signature', 'email'],
        'not_before': now - 300 * DAY,
        'not_after': now + 400 * DAY,
        'token_label': 'Staff card',
        'reader': 'Example Reader 00 00',
        'renewed': False,
        'reasons': [],
    }
    return {key: value for key, value in {**whole, **changes}.items() if value is not None}


def reason(code, message='The agent has a reason.', remedy='Ask whoever issued it.'):
    return {'code': code, 'message': message, 'remedy': remedy}


def authentication():
    return offer('authentication', holder='Demo holder (authentication)', purposes=['client_auth'])


def business():
    return offer('business', holder='Demo holder, Example Ltd', issuer='Example Qualified CA 2', key='p256',
                 token_label='Company key', reader=None, purposes=['client_auth', 'signature'])


def ending():
    now = int(time.time())
    return offer('ending', holder='Demo auditor', issuer='Example Auditors CA', not_after=now + 12 * DAY + DAY // 2,
                 token_label='Audit card', purposes=['client_auth', 'non_repudiation'])


def renewed():
    return offer('renewed', holder='Demo holder (authentication)', purposes=['client_auth'], renewed=True)


def unfitting():
    now = int(time.time())
    return [
        offer('expired', holder='Demo holder (old card)', not_before=now - 1500 * DAY, not_after=now - 40 * DAY,
              reasons=[reason('expired')]),
        offer('other-issuer', holder='Demo visitor', issuer='Example Guests CA', token_label='Guest card',
              reasons=[reason('issuer_not_accepted')]),
        offer('cannot-sign', holder='Demo holder (signature)', token_label='Older card',
              reasons=[reason('token_cannot_sign'), reason('key_too_weak')]),
    ]


def hostile():
    """Names that were made to mislead."""
    return [
        offer('markup', holder='<b>Verified</b> &amp; <span size="xx-large">safe</span>',
              issuer='<a href="https://evil.example">Example CA</a>'),
        offer('bidi', holder='Demo \u202eredloh\u202c holder\u200b', issuer='Example\nIssued by Example Root CA'),
        offer('long', holder='x' * 4000, issuer='Example CA ' * 300, token_label='t' * 3000, reader='r' * 3000,
              subject_name='CN=' + 'x' * 4000, purposes=['client_auth', 'p' * 900]),
        offer('hebrew', holder='\u05d1\u05e2\u05dc \u05d4\u05d3\u05d2\u05de\u05d4', issuer='_Cancel & go <on>'),
    ]


def certificate(offers, **changes):
    question = {
        'kind': 'certificate',
        'program': {'label': '/usr/bin/example-browser', 'parents': []},
        'server': {'name': 'accounts.example', 'port': 443, 'vouched_by': 'Example Root CA', 'by_program_only': False},
        'offers': offers,
        'may_continue': True,
        'may_remember': 'always',
    }
    question.update(changes)
    return {key: value for key, value in question.items() if value is not None}


def update(offers):
    return {'update': 'offers', 'offers': offers}
