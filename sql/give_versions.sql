-- At the end of a transaction that must know the versions that it makes (see migrations/V4__change_log.sql). They are waited
-- for, and held up, until it commits.
SET CONSTRAINTS bandoso.give_versions IMMEDIATE
