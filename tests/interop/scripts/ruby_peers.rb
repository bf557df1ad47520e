# ruby-oauth or simple_oauth behind JSON lines. The argument names the one.
require 'json'
require 'uri'
require 'cgi'
require 'net/http'
$stdout.sync = true
NAME = ARGV[0]

if NAME == 'oauth'
  require 'oauth'
  require 'oauth/client/net_http'
  require 'oauth/signature/hmac/sha1'
  require 'oauth/signature/rsa/sha1'
  require 'oauth/signature/plaintext'
  require 'oauth/request_proxy/mock_request'
  VERSION = OAuth::VERSION
else
  require 'simple_oauth'
  VERSION = Gem::Specification.find_by_name('simple_oauth').version.to_s
end

def pairs(text)
  URI.decode_www_form(text.dup.force_encoding('UTF-8'))
end

def grouped(list)
  list.group_by(&:first).transform_values { |all| all.size == 1 ? all[0][1] : all.map(&:last) }
end

def query_of(uri)
  uri.split('?', 2)[1] || ''
end

def verify_oauth(question)
  parameters = grouped(pairs(query_of(question['uri'])) + pairs(question['form']))
  unless question['authorization'].empty?
    header = OAuth::Helper.parse_header(question['authorization'])
    parameters.update(header.select { |name, _| name.start_with?('oauth_') })
  end
  proxy = OAuth::RequestProxy.proxy(
    'parameters' => parameters, 'method' => question['method'], 'uri' => question['uri'].split('?', 2)[0]
  )
  secret = question['signature_method'].start_with?('RSA') ? question['key'] : question['client_secret']
  OAuth::Signature.verify(proxy, consumer_secret: secret, token_secret: question['token_secret'])
end

def sign_oauth(question)
  uri = URI(question['uri'])
  request = Net::HTTPGenericRequest.new(question['method'], !question['body'].empty?, true, uri.request_uri)
  unless question['content_type'].empty?
    request['Content-Type'] = question['content_type']
    request.body = question['body']
  end
  http = Net::HTTP.new(uri.hostname, uri.port)
  http.use_ssl = uri.scheme == 'https'
  secret = question['signature_method'].start_with?('RSA') ? question['key'] : question['client_secret']
  options = { signature_method: question['signature_method'] }
  consumer = OAuth::Consumer.new(question['client'], secret, options)
  token = question['token'].empty? ? nil : OAuth::Token.new(question['token'], question['token_secret'])
  # With its default, "" instead of nil would be sent for a missing token.
  request.oauth!(http, consumer, token, options)
  request['authorization']
end

def verify_simple(question)
  header = SimpleOAuth::Header.new(
    question['method'], question['uri'], pairs(question['form']), question['authorization']
  )
  header.valid?(consumer_secret: question['client_secret'], token_secret: question['token_secret'])
end

def sign_simple(question)
  credentials = { consumer_key: question['client'], consumer_secret: question['client_secret'] }
  unless question['token'].empty?
    credentials.update(token: question['token'], token_secret: question['token_secret'])
  end
  credentials[:signature_method] = question['signature_method']
  SimpleOAuth::Header.new(question['method'], question['uri'], pairs(question['form']), credentials).to_s
end

$stdin.each_line do |line|
  question = JSON.parse(line)
  begin
    reply =
      case [question['op'], NAME]
      when %w[verify oauth] then { valid: verify_oauth(question) }
      when %w[sign oauth] then { authorization: sign_oauth(question) }
      when %w[verify simple_oauth] then { valid: verify_simple(question) }
      when %w[sign simple_oauth] then { authorization: sign_simple(question) }
      else { version: VERSION }
      end
  rescue StandardError => e
    reply = { error: "#{e.class}: #{e.message}" }
  end
  puts JSON.generate(reply)
end
