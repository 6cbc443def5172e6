-- Prefect keeps its own database beside geowire's.
CREATE DATABASE prefect;
