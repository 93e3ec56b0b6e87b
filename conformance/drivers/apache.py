"""Runs Apache as the distribution has it, one process, with one protected place in front of a script that answers."""

import os
import tempfile

from command_rs import free_port, serve

_MODULES = "/usr/lib/apache2/modules"
_CONFIGURATION = """
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog /dev/stderr
LogLevel error
DefaultRuntimeDir {folder}
LoadModule mpm_prefork_module {modules}/mod_mpm_prefork.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule alias_module {modules}/mod_alias.so
LoadModule cgi_module {modules}/mod_cgi.so
LoadModule {name}_module {modules}/mod_{name}.so
ScriptAliasMatch ^{path}(/below)?$ {folder}/protected
<Directory {folder}>
Options ExecCGI
</Directory>
{protected}
"""
_TLS = """
LoadModule ssl_module {modules}/mod_ssl.so
SSLEngine on
SSLCertificateFile {folder}/certificate.pem
SSLVerifyClient optional_no_ca
"""
_SCRIPT = """#!/bin/sh
printf 'Content-Type: application/json\\r\\n\\r\\n{"data": "protected"}'
"""


def run(name, job, protected, server="", tls=False):
    """Serve what a module protects; ``protected`` are the lines that say how, ``server`` those about all of it.

    With ``tls`` it asks for a certificate, and takes one by any authority: what a token says of it is the module's.
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(_written(folder, "protected", _SCRIPT), 0o755)
        if tls:
            _written(folder, "certificate.pem", job["certificate"])
            server += _TLS.format(modules=_MODULES, folder=folder)
        place = f"<Location {job['path']}>\n{protected}\n</Location>\n{server}"
        about = {"port": port, "folder": folder, "modules": _MODULES, "name": name, "path": job["path"]}
        configuration = _written(folder, "apache.conf", _CONFIGURATION.format(protected=place, **about))
        serve(["/usr/sbin/apache2", "-X", "-d", folder, "-f", configuration], port, tls)


def _written(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path
