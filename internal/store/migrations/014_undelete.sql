-- A login that enables an account does so only with the second factor.

alter table login_tickets
    add column undelete boolean not null default false;
