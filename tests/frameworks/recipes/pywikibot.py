from httplib2_oauthlib import OAuth1Http

# As in user-config.py: four values sign, a user and a password answer a
# server that asks for them.
authenticate = {
    "en.wikipedia.org": ("consumer", "its secret", "token", "its secret"),
    "intranet.example": ("user", "password"),
}


def http_for(host, authenticate=authenticate):
    http = OAuth1Http(timeout=30, user_agent="my-bot/1.0 (me@example.org)")
    http.add_credentials(*authenticate[host], domain=host)
    return http
