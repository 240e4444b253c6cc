# pragma version 0.4.3
"""
@title Reasons of refusal
@license Apache-2.0
@notice Written by `make contracts` from offbeat.core.Reason, the owner of these values: change them there.
"""

CALLDATA_LENGTH: constant(uint256) = 516013372913787546858429295721149544  # calldata_length
PAYLOAD_LENGTH: constant(uint256) = 2279352586149026875754322399294568  # payload_length
PAYLOAD_BOUNDS: constant(uint256) = 2279352586149026875743370350584947  # payload_bounds
ACTION_UNKNOWN: constant(uint256) = 1975273347367693236080731885631342  # action_unknown
BATCH_NUMBER: constant(uint256) = 30447346395254963294422852978  # batch_number
BATCH_PARENT: constant(uint256) = 30447346395254965407630847604  # batch_parent
BATCH_LIFE: constant(uint256) = 464589636158065201473125  # batch_life
BATCH_EARLY: constant(uint256) = 118934946856464661378919545  # batch_early
BATCH_LATE: constant(uint256) = 464589636158065200952421  # batch_late
LANDER_CONTRACT: constant(uint256) = 562744200622334764289937316434240372  # lander_contract
CERTIFICATE_INVALID: constant(uint256) = 2216611062461184299598046014847294776464402788  # certificate_invalid
REPORT_MISSING: constant(uint256) = 2320231536282593571926310658862695  # report_missing
REPORT_EARLY: constant(uint256) = 35403923588296410669947972729  # report_early
REPORT_STALE: constant(uint256) = 35403923588296410730395167845  # report_stale
REPORT_OLDER: constant(uint256) = 35403923588296410713081275762  # report_older
REPORT_QUORUM: constant(uint256) = 9063404438603881144786669958509  # report_quorum
REPORT_PROOF: constant(uint256) = 35403923588296410717477629798  # report_proof
SYMBOL_INVALID: constant(uint256) = 2342097564951150735555154965981540  # symbol_invalid
ROWS_UNSORTED: constant(uint256) = 9066507769721885973848232584548  # rows_unsorted
ROW_INSTRUMENT: constant(uint256) = 2321025964917381315205501001494132  # row_instrument
ROW_UNSETTLED: constant(uint256) = 9066507675679881674921901581668  # row_unsettled
INBOX_MISMATCH: constant(uint256) = 2138398570550167243281220785955688  # inbox_mismatch
INBOX_DUE: constant(uint256) = 1944862170194179814757  # inbox_due
CREDIT_UNKNOWN: constant(uint256) = 2017021940664710605310577188239214  # credit_unknown
CREDIT_UNCLAIMED: constant(uint256) = 132187549903402474229631732549243725156  # credit_unclaimed
WITNESS_MISMATCH: constant(uint256) = 158725684174560603233076766303126315880  # witness_mismatch
ENTRY_ROW: constant(uint256) = 1871080263751753166711  # entry_row
ENTRY_MISSING: constant(uint256) = 8036228541004832699700983983719  # entry_missing
SIGNATURE_INVALID: constant(uint256) = 39272578180827998963436051903806706575716  # signature_invalid
SIGNER_UNAUTHORISED: constant(uint256) = 2573767683679470620602446819288605181032490340  # signer_unauthorised
NONCE_LANE: constant(uint256) = 521515856020670114786917  # nonce_lane
NONCE_SPENT: constant(uint256) = 133508059141291579701292660  # nonce_spent
NOT_YET_VALID: constant(uint256) = 8749591398918504213494876629348  # not_yet_valid
EXPIRED: constant(uint256) = 28561396848551268  # expired
LEG_INVALID: constant(uint256) = 131042854422937137996130660  # leg_invalid
LEG_EXPIRED: constant(uint256) = 131042854421822207570371940  # leg_expired
QUANTITY_INVALID: constant(uint256) = 150812238401001247635555281649403717988  # quantity_invalid
BELOW_MIN_FILL: constant(uint256) = 1995711744707353018237508129483884  # below_min_fill
OVERFILLED: constant(uint256) = 526366705416976498189668  # overfilled
PARTIALS_FULL: constant(uint256) = 8903712614832152603260232232044  # partials_full
FEE_ABOVE_MAX: constant(uint256) = 8112653114375942429911349551480  # fee_above_max
MARKET_CONDITION: constant(uint256) = 145391825039340585589299030639086497646  # market_condition
LIMIT_VIOLATED: constant(uint256) = 2198853055611215232555541163435364  # limit_violated
REDUCE_ONLY: constant(uint256) = 138296355583960916735978617  # reduce_only
AMOUNT_INVALID: constant(uint256) = 1976064096070284918710793715607908  # amount_invalid
ASSET_UNKNOWN: constant(uint256) = 7720862045588066719630250440558  # asset_unknown
DELEGATE_INVALID: constant(uint256) = 133449420095479984682575642601349474660  # delegate_invalid
INSTRUMENT_UNBALANCED: constant(uint256) = 154088235634206705387028324674940191058634186384740  # instrument_unbalanced
CASH_UNBALANCED: constant(uint256) = 516013926267034815047152507214325092  # cash_unbalanced
POSITION_BOUNDS: constant(uint256) = 583797739497254500550303384005928051  # position_bounds
CASH_BOUNDS: constant(uint256) = 120143854587093254063154291  # cash_bounds
CASH_NEGATIVE: constant(uint256) = 7873747654220605359212838090341  # cash_negative
SPOT_NEGATIVE: constant(uint256) = 9146035750561274272659456751205  # spot_negative
UNHEALTHY: constant(uint256) = 2166224776834873321593  # unhealthy
POT_SHORT: constant(uint256) = 2074066485240256230004  # pot_short


@internal
@pure
def refuse(reason: uint256):
    """
    @notice Revert with `Error(string)`, as an assertion would, from one place: the text of every
            check standing in line would not fit a contract.
    """
    text: uint256 = reason
    length: uint256 = 32
    for _: uint256 in range(32):
        if text >> 248 != 0:
            break
        text <<= 8
        length -= 1
    raw_revert(
        concat(
            method_id("Error(string)"), abi_encode(convert(32, uint256), length, text)
        )
    )
