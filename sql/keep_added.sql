-- Keeps rows that an import ($1) added, side by side: its part ($2), whether the store gave the ids ($3), the ids ($4), and the
-- stamps in their order ($5).
INSERT INTO bandoso.batch_added (batch, part, given, ids, stamps) VALUES ($1, $2, $3, $4, $5)
