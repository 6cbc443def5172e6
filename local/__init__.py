"""The whole system on this machine without Docker: the services of docker-compose.yml as processes on loopback.

    docker-compose.yml -> services -> processes of this machine -> started level by level -> ready
    (compose.py)                      (plan.py, kafka.py, postgres.py)  (launch.py)          (ready.py)

What runs is written down in `system.json` (record.py), and ending it (end.py) goes by what is written there.
"""
