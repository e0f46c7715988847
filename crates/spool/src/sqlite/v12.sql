-- Shares: what of the spool belongs to whom, and what people locked.

-- Identity: what is proven and what is only claimed.

-- Accounts: users, sessions, links, the audit log.
