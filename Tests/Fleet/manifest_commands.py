"""The commands of a Kubernetes Job, as its pods would run them: for each index a line, with the words quoted for a shell.

    manifest_commands.py MANIFEST VOLUME

VOLUME is where the volume lies. Checks the manifest against the schema of a Kubernetes first.
"""

import shlex
import sys

import kubernetes_validate
import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    job = yaml.safe_load(file)
kubernetes_validate.validate(job, "1.33", strict=True)
spec = job["spec"]
pod = spec["template"]["spec"]
for index in range(spec.get("completions", 1)):
    for container in pod["initContainers"] + pod["containers"]:
        mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
        assert mounts == ["/volume"], mounts
        words = [word.replace("$(JOB_COMPLETION_INDEX)", str(index)) for word in container["args"]]
        print(" ".join(shlex.quote(word.replace("/volume", sys.argv[2], 1)) for word in words))
