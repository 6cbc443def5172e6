"""When things happen: Prefect flows, deployments, artifacts. The only room that imports prefect.

Flows are thin: each calls one function of another room, so that everything works without Prefect too.
"""
