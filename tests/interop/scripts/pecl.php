<?php
// The PECL OAuthProvider behind PHP's own server. The question is in a header, and the answer, too.

function verified(array $question): array
{
    try {
        $provider = new OAuthProvider();
        $provider->consumerHandler(function ($provider) use ($question) {
            $provider->consumer_secret = $question['client_secret'];
            return OAUTH_OK;
        });
        $provider->tokenHandler(function ($provider) use ($question) {
            $provider->token_secret = $question['token_secret'];
            return OAUTH_OK;
        });
        $provider->timestampNonceHandler(fn ($provider) => OAUTH_OK);
        if ($question['token'] === '') {
            $provider->is2LeggedEndpoint(true);
        }
        $provider->checkOAuthRequest($question['uri'], $_SERVER['REQUEST_METHOD']);
        return ['valid' => true];
    } catch (OAuthException $exception) {
        return ['valid' => false];
    }
}

function signed(array $question): array
{
    $method = $question['signature_method'] === 'PLAINTEXT' ? OAUTH_SIG_METHOD_PLAINTEXT : OAUTH_SIG_METHOD_HMACSHA1;
    $oauth = new OAuth($question['client'], $question['client_secret'], $method, OAUTH_AUTH_TYPE_AUTHORIZATION);
    if ($question['token'] !== '') {
        $oauth->setToken($question['token'], $question['token_secret']);
    }
    parse_str($question['form'], $form);
    return ['authorization' => $oauth->getRequestHeader($question['method'], $question['uri'], $form)];
}

$question = json_decode($_SERVER['HTTP_X_INTEROP'], true);
$answer = match ($question['op']) {
    'version' => ['version' => phpversion('oauth')],
    'verify' => verified($question),
    'sign' => signed($question),
};
header('X-Verdict: ' . json_encode($answer));
