# Net::OAuth behind JSON lines.
use strict;
use warnings;
use JSON::PP;
use URI;
use URI::Escape;
use Encode;
use Net::OAuth;

$Net::OAuth::PROTOCOL_VERSION = Net::OAuth::PROTOCOL_VERSION_1_0A;
$| = 1;
my $json = JSON::PP->new->utf8;

# CGI programs get a form as a hash: the last of a repeated name wins.
sub decoded_form {
    my ($text) = @_;
    my %form;
    for my $pair (split /&/, $text) {
        next if $pair eq '';
        my ($name, $value) = split /=/, $pair, 2;
        $value = '' unless defined $value;
        for ($name, $value) {
            s/\+/ /g;
            $_ = uri_unescape($_);
            my $bytes = $_;
            $_ = eval { decode('UTF-8', $bytes, Encode::FB_CROAK) } // $_;
        }
        $form{$name} = $value;
    }
    return \%form;
}

sub answer {
    my ($question) = @_;
    return { version => "$Net::OAuth::VERSION" } if $question->{op} eq 'version';
    my $type = $question->{token} ne '' ? 'protected resource' : 'consumer';
    # The types of a handshake have parameters of their own.
    $type = 'access token' if $question->{verifier};
    $type = 'request token' if $question->{callback};
    my %api = (
        request_url => $question->{uri},
        request_method => uc $question->{method},
        consumer_secret => $question->{client_secret},
        ($question->{token} ne '' ? (token_secret => $question->{token_secret}) : ()),
    );
    if ($question->{op} eq 'sign') {
        my $request = Net::OAuth->request($type)->new(
            %api,
            consumer_key => $question->{client},
            ($question->{token} ne '' ? (token => $question->{token}) : ()),
            signature_method => $question->{signature_method},
            timestamp => time,
            nonce => join('', map { ('a' .. 'z')[rand 26] } 1 .. 22),
            extra_params => decoded_form($question->{form}),
        );
        $request->sign;
        return { authorization => $request->to_authorization_header };
    }
    my $message;
    my $form = decoded_form($question->{form});
    if ($question->{authorization} ne '') {
        $message = Net::OAuth->request($type)
            ->from_authorization_header($question->{authorization}, %api, extra_params => $form);
    } else {
        my ($uri, $query) = split /\?/, $question->{uri}, 2;
        my %all = (%{ decoded_form($query // '') }, %$form);
        $message = Net::OAuth->request($type)->from_hash(\%all, %api, request_url => $uri);
    }
    return { valid => $message->verify ? JSON::PP::true : JSON::PP::false };
}

while (my $line = <STDIN>) {
    local $SIG{__WARN__} = sub { };
    my $reply = eval { answer($json->decode($line)) } || { error => "$@" };
    print $json->encode($reply), "\n";
}
