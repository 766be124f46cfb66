// Package fetch makes the HTTP requests whose URL somebody else chose: links in messages, endpoints of applications,
// remote pictures. Nothing else in Guildhall may request such a URL.
//
// A name is resolved by the dialer, and the address that it is about to connect to is judged there, at the last moment, for
// the first request and for every redirect: a name that resolves differently the second time gains nothing. Only public
// unicast addresses on the ports 80 and 443 pass, and the networks that the operator allows. Time, size of the answer, of
// its header and the number of redirects are bounded. No proxy, cookie or credential of the process takes part.
package fetch
