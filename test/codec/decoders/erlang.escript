#!/usr/bin/env escript
%% ETF by Erlang itself: reads one base64 term a line, and writes what Erlang makes of the same value.
%% With [safe] a term that would make a new atom is refused.

main(_) -> each(io:get_line("")).

each(eof) -> ok;
each(Line) ->
    Term = binary_to_term(base64:decode(string:trim(Line)), [safe]),
    io:format("~s~n", [base64:encode(term_to_binary(Term))]),
    each(io:get_line("")).
