"""Copies jars into a folder: fetch_jars.py LIST DOWNLOADS FOLDER

LIST has the format of sha256sum; each path is the file's path in a Maven repository. jgo looks in ~/.m2/repository (or
M2_REPO) first and downloads the rest to DOWNLOADS. After an interruption, files there that are complete are used again.
A mirror can be named in jgo's settings (~/.config/jgo.conf, section [repositories], name "central").
Exits with 1 and one sentence if a file can't be downloaded or does not have its SHA-256.
"""

import hashlib
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path, PurePosixPath

from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL, default_maven_repo
from jgo.maven import MavenContext

PARALLEL_DOWNLOADS = 8
ATTEMPTS = 3
TIMEOUT_SECONDS = 30


def fetch(sha256, path, downloads, folder):
    problem = ""
    for attempt in range(ATTEMPTS):
        time.sleep(attempt)
        # A file in ~/.m2 that is wrong stays there; the next attempt downloads our own copy.
        jar = artifact(path, downloads, [default_maven_repo()] if attempt == 0 else [])
        try:
            file = jar.resolve()
            found = hashlib.sha256(file.read_bytes()).hexdigest()
            if found == sha256:
                shutil.copyfile(file, folder / file.name)
                return
            problem = f"its SHA-256 is {found} and must be {sha256}"
        except Exception as error:  # requests and jgo raise many types; each is a failed attempt
            problem = str(error)
        jar.cached_path.unlink(missing_ok=True)
    raise RuntimeError(f"{PurePosixPath(path).name} could not be downloaded: {problem}")


def artifact(path, downloads, local_repositories):
    *group, name, version, file = path.split("/")
    context = MavenContext(
        repo_cache=downloads,
        local_repos=local_repositories,
        remote_repos={"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories},
        timeout=TIMEOUT_SECONDS,
    )
    packaging = file.rsplit(".", 1)[1]
    return context.project(".".join(group), name).at_version(version).artifact(packaging=packaging)


def main(list_file, downloads, folder):
    files = [line.split() for line in Path(list_file).read_text().splitlines()]
    Path(folder).mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
        jobs = [pool.submit(fetch, *file, Path(downloads), Path(folder)) for file in files]
        try:
            for job in as_completed(jobs):
                job.result()
        except RuntimeError as error:
            pool.shutdown(cancel_futures=True)
            sys.exit(str(error))


main(*sys.argv[1:])
