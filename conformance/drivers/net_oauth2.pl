# Drives Net::OAuth2 (Perl, Debian's libnet-oauth2-perl). The library writes requests and reads answers. All else is
# this host's: it follows the challenge, checks no issuer, and takes PKCE and state upon itself.
# openworld: {"single_call": true, "documents": false, "name": "net-oauth2"}
# openworld: {"host": ["prm", "prm_unchallenged", "prm_retry", "prm_redirect", "prm_malformed", "prm_mismatch"]}
# openworld: {"host": ["prm_elsewhere", "as_choice", "as_failover", "legacy_as", "reg", "registration_kinds"]}
# openworld: {"host": ["resource_indicator", "resource_value", "resource_fragment", "resource_spelling"]}
# openworld: {"host": ["scope_request", "md_issuer_check", "asm_malformed", "iss_check", "pkce", "state"]}
use strict;
use warnings;
use Digest::SHA qw(sha256_base64);
use JSON::PP;
use LWP::UserAgent;
use Net::OAuth2::Profile::WebServer;
use URI;

$| = 1;
my $agent = LWP::UserAgent->new(timeout => 10, max_redirect => 0);

sub fetched {
    my $answer = $agent->get($_[0]);
    die "$_[0] answered " . $answer->code . "\n" unless $answer->is_success;
    return decode_json($answer->content);
}

sub drive {
    my ($job) = @_;
    my $call = encode_json({ jsonrpc => '2.0', id => 1, method => 'tools/list', params => {} });
    my @kind = ('Content-Type' => 'application/json', Accept => 'application/json, text/event-stream');
    my $challenge = $agent->post($job->{url}, @kind, Content => $call)->header('WWW-Authenticate') // '';
    my ($named) = $challenge =~ /resource_metadata="([^"]*)"/ or die "the challenge names no resource metadata\n";
    my $document = fetched($named);
    my $issuer = URI->new($document->{authorization_servers}[0]);
    my $path = $issuer->path =~ s{/$}{}r;
    $issuer->path("/.well-known/oauth-authorization-server$path");
    my $server = fetched($issuer);
    my $wanted = encode_json({ redirect_uris => [ $job->{callback} ], token_endpoint_auth_method => 'none' });
    my $registered = decode_json($agent->post($server->{registration_endpoint}, @kind, Content => $wanted)->content);

    my $verifier = join '', map { ('a' .. 'z', 'A' .. 'Z', 0 .. 9)[int rand 62] } 1 .. 48;  # its own in each session
    my $client = Net::OAuth2::Profile::WebServer->new(
        client_id => $registered->{client_id}, client_secret => '', site => $issuer, redirect_uri => $job->{callback},
        authorize_url => $server->{authorization_endpoint}, access_token_url => $server->{token_endpoint},
        secrets_in_params => 1,
    );
    my $target = $client->authorize(
        state => 'openworld', resource => $document->{resource}, code_challenge_method => 'S256',
        code_challenge => sha256_base64($verifier) =~ tr{+/}{-_}r,
    );
    chomp(my $arrived = qx("$ENV{BROWSER}" --print "$target"));
    my %answer = URI->new($arrived)->query_form;
    die "authorization error: $answer{error}\n" if $answer{error};
    die "state differs\n" unless ($answer{state} // '') eq 'openworld';
    my $token = $client->get_access_token(
        $answer{code}, code_verifier => $verifier, resource => $document->{resource}
    );
    my $served = $token->request(HTTP::Request->new(POST => $job->{url}, \@kind, $call));
    die 'the call answered ' . $served->code . "\n" unless $served->is_success;
}

my $job = decode_json(scalar <STDIN>);
eval { drive($job); 1 } and print encode_json({ done => JSON::PP::true }), "\n"
    or print encode_json({ done => JSON::PP::false, error => "$@" =~ s/\s+$//r }), "\n";
