"""Writes sums of money, and knows the currencies. A sum is whole cents: its currency's smallest unit."""

# ISO 4217, what is paid with; without funds, metals and codes for testing.
_CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL
MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR
RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD
TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
_WHOLE_CODES = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THOUSANDTHS_CODES = "BHD IQD JOD KWD LYD OMR TND"

CURRENCIES = frozenset(_CODES.split())

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}  # each means one currency everywhere
_WHOLE = frozenset(_WHOLE_CODES.split())
_THOUSANDTHS = frozenset(_THOUSANDTHS_CODES.split())


def money(cents: int, currency: str) -> str:
    """As it is read: `$14.79`, `-$2.99`, `CHF 14.79`, `¥300`. Raises ValueError for no currency."""
    if currency not in CURRENCIES:
        raise ValueError(f"{currency!r} is not a currency like USD")
    digits = decimals(currency)
    whole, rest = divmod(abs(cents), 10**digits)
    amount = f"{whole:,}.{rest:0{digits}}" if digits else f"{whole:,}"
    sign = _SIGNS.get(currency, f"{currency}\N{NO-BREAK SPACE}")
    return f"{'-' if cents < 0 else ''}{sign}{amount}"


def decimals(currency: str) -> int:
    """How many digits of a sum are after the point."""
    if currency in _WHOLE:
        return 0
    return 3 if currency in _THOUSANDTHS else 2
